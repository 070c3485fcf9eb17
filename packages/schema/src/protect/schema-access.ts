/**
 * Rights on the schema of protected tables: the owner role must be able to own things there, the application's roles to reach them.
 * What is granted is remembered and taken back with the last protected table of the schema.
 */
import { quoteName } from "../db/quote.ts";
import type { KitTransaction } from "../db/transaction.ts";
import type { InstalledKit } from "../install/installed.ts";

/** A right on a schema that somebody lacks. */
export interface SchemaGrant {
  readonly schema: string;
  readonly sql: string;
  readonly undo: string;
}

const step = "schema access";

/** What is missing. */
export async function schemaAccess(tx: KitTransaction, schema: string, kit: InstalledKit): Promise<SchemaGrant[]> {
  const { owner, app, readonly, prober } = kit.roles;
  const wanted: [role: string, privilege: string][] = [
    [owner, "usage"],
    [owner, "create"],
    [app, "usage"],
    [readonly, "usage"],
    ...(kit.hasProber ? ([[prober, "usage"]] as [string, string][]) : []),
  ];
  const rows = await tx.rows(
    `select w.role, w.privilege from pg_catalog.jsonb_to_recordset($2::jsonb) as w(role text, privilege text)
      where not pg_catalog.has_schema_privilege(w.role::name, $1, w.privilege)`,
    [schema, JSON.stringify(wanted.map(([role, privilege]) => ({ role, privilege })))],
  );
  return rows.map((row) => {
    const right = `${row.privilege} on schema ${quoteName(schema)}`;
    return {
      schema,
      sql: `grant ${right} to ${quoteName(row.role)}`,
      undo: `revoke ${right} from ${quoteName(row.role)}`,
    };
  });
}

/** Grants, and remembers how to undo it. */
export async function writeSchemaAccess(tx: KitTransaction, grants: readonly SchemaGrant[]): Promise<void> {
  for (const grant of grants) await tx.run(grant.sql);
  const [first] = grants;
  if (!first) return;
  await tx.rows(
    `insert into watertight.hardening as h (object, step, undo) values ($1, $2, $3) on conflict (object) do update set undo = h.undo || excluded.undo`,
    [`schema access ${quoteName(first.schema)}`, step, grants.map((grant) => grant.undo)],
  );
}

/** Takes the rights back when no protected table is left in the schema. */
export async function dropSchemaAccess(tx: KitTransaction, schema: string): Promise<void> {
  const [left] = await tx.rows(
    `select exists (select from watertight.protected p join pg_catalog.pg_class c on c.oid = p.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $1) as yes`,
    [schema],
  );
  if (left!.yes) return;
  const rows = await tx.rows("delete from watertight.hardening where object = $1 and step = $2 returning undo", [
    `schema access ${quoteName(schema)}`,
    step,
  ]);
  for (const row of rows) for (const statement of row.undo as string[]) await tx.run(statement);
}
