/**
 * Places as a release makes them, each in an empty database of one's own: what `watertight migrations release` judges before anything is kept. One is made
 * by the same function as the templates of cells; the other is brought there step by step, as the places that are there already, where what a later
 * file takes away stays away. Must never be given a database that holds anything.
 */
import { quoteQualified, type Queryable } from "@watertight/schema";
import { classRoles, makeClassRoles } from "../cells/class-roles.ts";
import { refuseLeaks, type ReleaseFinding } from "../migrations/apply-release.ts";
import { MigrationError } from "../migrations/migration-error.ts";
import { filesFor, type Release } from "../migrations/release/release.ts";
import { liftForce, restoreForce } from "../migrations/apply/hand-over.ts";
import { inTransaction } from "../migrations/release/in-transaction.ts";
import { fillDatabase, prepareDatabase, protectPerhaps } from "../provision/fill-database.ts";
import { runSchema } from "../provision/schema-version.ts";
import { sourceOf } from "./released-schema.ts";

/**
 * Makes it on this connection, which is a superuser's or the provisioner's.
 * @throws MigrationError WT_MIGRATION_FAILED where a statement fails
 */
export async function makeSamplePlace(
  client: Queryable,
  release: Release,
  { classPrefix }: { readonly classPrefix?: string } = {},
): Promise<void> {
  const roles = classRoles(classPrefix);
  await makeClassRoles(client, roles);
  await told("in an empty place", () => fillDatabase(client, roles, sourceOf(release)));
}

/**
 * Makes it on this connection as the places that are there already come to it: each table is protected when it is made, and lives through what comes after.
 * @param scope of shared tables, or of a tenant's own; those are judged as tables of a database here
 * @throws MigrationError WT_MIGRATION_FAILED where a statement fails
 */
export async function bringSamplePlace(
  client: Queryable,
  release: Release,
  { classPrefix, scope = "pool" }: { readonly classPrefix?: string; readonly scope?: "pool" | "tenant" } = {},
): Promise<void> {
  const roles = classRoles(classPrefix);
  await makeClassRoles(client, roles);
  await told("in an empty place", () => prepareDatabase(client, roles));
  for (const file of filesFor(release, scope))
    for (const step of file.steps)
      await told(file.file, async () => {
        // a value that was added to an enum can be used in the next transaction only
        const statements = inTransaction([{ ...file, steps: [step] }]);
        const blind = statements.some(({ rows }) => rows);
        const texts = [
          // the owner's own rows and nobody's: the place is empty
          ...(blind ? liftForce(statements, { id: "sample", model: "pool", connect: {} }) : []),
          ...statements.map(({ text }) => text),
          ...(blind ? [restoreForce] : []),
        ];
        await runSchema(client, null, roles.owner, texts, file.position);
        refuseLeaks(release, await takenAway(client, file.file, statements[0]?.line ?? null));
        for (const { table } of statements)
          if (table !== null) await protectPerhaps(client, quoteQualified(table.schema || "public", table.name));
      });
}

/** Protected tables that a step has opened: protecting them again, as is done here afterwards, would hide it. */
async function takenAway(client: Queryable, file: string, line: number | null): Promise<ReleaseFinding[]> {
  const { rows } = await client.query(
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as target, c.relname as name, c.relrowsecurity as on
       from watertight.protected p join pg_catalog.pg_class c on c.oid = p.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where not c.relrowsecurity or not c.relforcerowsecurity`,
  );
  return rows.map((row) => ({
    id: `A14-${String(row["name"])}`,
    severity: "critical",
    target: row["target"] as string,
    message: row["on"] === true ? "Row security is not forced any more." : "Row security is switched off.",
    file,
    line,
  }));
}

async function told(where: string, make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    const { code, message } = error as Error & { code?: string };
    throw new MigrationError("WT_MIGRATION_FAILED", {
      detail: `${where}: ${message}`,
      facts: { message },
      cause: error as Error,
      ...(code === undefined ? {} : { sqlstate: code }),
    });
  }
}
