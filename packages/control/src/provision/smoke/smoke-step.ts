/**
 * Step: the intrusion test that every new place, and every tenant in a shared one, must pass before it turns active. A failure undoes the
 * operation. Must never leave a row, a right or a connection behind.
 */
import type { Queryable } from "@watertight/schema";
import { onPlace } from "../../cells/on-place.ts";
import { withConnection } from "../../db/transaction.ts";
import { controlError } from "../../errors/control-error.ts";
import type { Step, StepContext } from "../../operations/operation.ts";
import { type Place, type PlaceFinder, placeOf, type ProvisioningOptions } from "../place.ts";
import { kitOwner } from "../schema-version.ts";
import { attack, type Found } from "./attack.ts";
import { attackScript } from "./attack-sql.ts";
import { sampleOf, templateOfCopy, wrongInCopy } from "./compare-copy.ts";
import { attackAsItself } from "./own-credentials.ts";
import { type AttackedGroup, protectedTables, schemaTables } from "./protected-tables.ts";

/** Other databases that are tried, at most; one where the place's rights were compared with what they must be. */
const othersTried = { whole: 2, compared: 1 };

/** Attacks the place; `tenantOf` tells the tenant that is about to turn active, if one is. */
export function smokeStep<I>(
  options: ProvisioningOptions,
  finder: PlaceFinder<I>,
  tenantOf: (input: I) => string | undefined,
): Step<I> {
  return {
    name: "smoke",
    // done again under each lease: what held when a worker died need not hold now
    observe: async ({ output, operation }) =>
      (output["smoke"] as { lease?: string } | undefined)?.lease === operation.leaseToken,
    async act(context) {
      const place = await placeOf(context, finder);
      const tenant = tenantOf(context.input);
      const found: Found[] = [];
      const address = { cell: place.onCell, database: place.database };
      const { groups, compared } = await onPlace(context as never, options.secrets, address, (session) =>
        attackInside(session, options, place, tenant, context, found),
      );
      context.failpoint("smoke.inside");
      if (place.schema === null) {
        const others = othersTried[compared ? "compared" : "whole"];
        found.push(await ownCredentials(context, options, place, tenant, groups, others));
      }
      requireNoLeak(found.flatMap((each) => each.leaks));
      return {
        smoke: {
          lease: context.operation.leaseToken,
          tables: groups.reduce((sum, { tables }) => sum + tables.length, 0),
          // the whole attack was made against the template, and this is it
          ...(compared ? { compared: true } : {}),
          untested: found.flatMap((each) => each.untested).slice(0, 50),
        },
      };
    },
  };
}

function requireNoLeak(leaks: readonly string[]): void {
  if (leaks.length > 0) throw controlError("WT_PROVISION_LEAK", { detail: leaks.slice(0, 20).join("; ") });
}

async function attackInside<I>(
  session: Queryable,
  options: ProvisioningOptions,
  place: Place,
  tenant: string | undefined,
  context: StepContext<I>,
  found: Found[],
): Promise<{ readonly groups: readonly AttackedGroup[]; readonly compared: boolean }> {
  if (place.schema !== null && tenant !== undefined) {
    found.push(await attackSchema(session, place, place.schema, tenant));
    return { groups: [], compared: false };
  }
  // every other database of ours, by its rights; some of them by connecting as well (own-credentials.ts)
  const { rows: open } = await session.query(
    `select d.datname as name from pg_catalog.pg_database d
      where d.datname <> pg_catalog.current_database() and pg_catalog.has_database_privilege($1, d.oid, 'connect')
        and pg_catalog.shobj_description(d.oid, 'pg_database') like 'watertight operation %'`,
    [place.rwRole],
  );
  found.push({ leaks: open.map((row) => `${place.rwRole} may connect to ${row["name"]}`), untested: [] });
  const source = await options.schemaOf(place.service);
  const wanted = source.version === place.schemaVersion && place.madeBy !== null ? source.tables : [];
  const { groups: all, leaks } = await protectedTables(
    session,
    place.rwRole,
    wanted.map(({ table }) => table),
  );
  found.push({ leaks, untested: [] });
  const kept = await templateOfCopy(context, session, place);
  // what is not its template is not attacked any further
  if (kept !== undefined) requireNoLeak(await wrongInCopy(context, options, session, place, kept));
  const groups = kept === undefined ? all : sampleOf(all, context.operation.id);
  // nobody is served there yet: its tables may be locked, and rows put in
  const fresh = place.madeBy === context.operation.id;
  for (const { own, other, tables } of groups)
    found.push(
      await attack(session, {
        script: attackScript,
        tables,
        role: place.rwRole,
        tenant: own,
        ...(fresh ? { seed: { tenant: other, owner: await kitOwner(session) } } : {}),
      }),
    );
  return { groups, compared: kept !== undefined };
}

/** Another tenant in this schema, and this tenant in other schemas of the database. */
async function attackSchema(session: Queryable, place: Place, schema: string, tenant: string): Promise<Found> {
  const { rows } = await session.query(
    "select n.nspname as name from pg_catalog.pg_namespace n where n.nspname ~ '^t_' and n.nspname <> $1 order by pg_catalog.random() limit 5",
    [schema],
  );
  const stranger = `smoke-${place.id}`;
  const here = await attack(session, {
    script: attackScript,
    tables: await schemaTables(session, [schema], stranger),
    role: place.rwRole,
    tenant: stranger,
  });
  const there = await attack(session, {
    script: attackScript,
    tables: await schemaTables(
      session,
      rows.map((row) => row["name"] as string),
      tenant,
    ),
    role: place.rwRole,
    tenant,
  });
  return { leaks: [...here.leaks, ...there.leaks], untested: [...here.untested, ...there.untested] };
}

async function ownCredentials<I>(
  context: StepContext<I>,
  { secrets }: ProvisioningOptions,
  place: Place,
  tenant: string | undefined,
  groups: readonly AttackedGroup[],
  most: number,
): Promise<Found> {
  const others = await withConnection(context.catalog, async (db) => {
    const { rows } = await db.query(
      `select database from watertight_catalog.location where cell = $1 and database <> $2 and schema is null and state = 'ready' order by pg_catalog.random() limit $3`,
      [place.cell, place.database, most],
    );
    return rows.map((row) => row["database"] as string);
  });
  const login = async (role: string, secret: string): Promise<{ role: string; password: string }> => ({
    role,
    password: await secrets.read(secret),
  });
  return attackAsItself({
    operation: context.operation.id,
    adminUrl: await secrets.read(place.onCell.adminSecret),
    database: place.database,
    rw: await login(place.rwRole, place.rwSecret),
    ro: await login(place.roRole, place.roSecret),
    tables: groups.flatMap(({ tables }) => tables),
    ...(tenant === undefined || place.keySecret === null
      ? {}
      : { waiting: { tenant, key: await secrets.read(place.keySecret) } }),
    others,
  });
}
