/**
 * Which tables of a place the intrusion test attacks, and what must hold for each in the catalog. Must never leave out a table that the schema
 * names as tenants': one that nobody protected is the first leak.
 */
import { quoteName, type Queryable } from "@watertight/schema";
import { randomInt, randomUUID } from "node:crypto";
import type { AttackedTable } from "./attack-sql.ts";

/** Tables by the type of their tenant, because one context holds one tenant. */
export interface AttackedGroup {
  readonly own: string;
  readonly other: string;
  readonly tables: readonly AttackedTable[];
}

/** The tables of a database, and what is wrong with them already: `role` is the application's, `wanted` must be among them. */
export async function protectedTables(
  session: Queryable,
  role: string,
  wanted: readonly string[],
): Promise<{ readonly groups: readonly AttackedGroup[]; readonly leaks: readonly string[] }> {
  const { rows } = await session.query(
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, p.tenant_column as "column", p.tenant_type as type, c.relispartition as partition,
            p.mode <> 'enforce' or not c.relrowsecurity or not c.relforcerowsecurity as open,
            pg_catalog.pg_has_role($1, c.relowner, 'usage') as owned,
            c.relispartition and not pg_catalog.has_any_column_privilege($1, c.oid, 'select, insert, update') and not pg_catalog.has_table_privilege($1, c.oid, 'delete') as closed,
            not exists (select from pg_catalog.pg_policy q where q.polrelid = c.oid and not q.polpermissive and q.polcmd = '*' and q.polroles = '{0}') as floorless
       from watertight.protected p join pg_catalog.pg_class c on c.oid = p.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace order by 1`,
    [role],
  );
  const leaks = rows.flatMap((row) => [
    ...(row["open"] === true ? [`${row["name"]}: row security is not forced`] : []),
    ...(row["owned"] === true ? [`${row["name"]}: the application's role owns it`] : []),
    ...(row["floorless"] === true ? [`${row["name"]}: no restrictive policy for everybody`] : []),
  ]);
  const { rows: missing } = await session.query(
    `select x.name from pg_catalog.unnest($1::text[]) x(name) where not exists (select from watertight.protected p where p.relation = pg_catalog.to_regclass(x.name))`,
    [wanted],
  );
  leaks.push(...missing.map((row) => `${row["name"]}: not protected`));
  const groups = ["uuid", "bigint", "text"].flatMap((type) => {
    // a partition that nobody has rights on is reached, and attacked, through its parent
    const ofType = rows.filter((row) => row["type"] === type && row["closed"] !== true);
    if (ofType.length === 0) return [];
    const [own, other] = [canary(type), canary(type)];
    const tables = ofType.map((row) => ({
      name: row["name"] as string,
      column: row["column"] === null ? null : quoteName(row["column"] as string),
      own,
      other,
      partition: row["partition"] as boolean,
    }));
    return [{ own, other, tables }];
  });
  return { groups, leaks };
}

/** A tenant that is nobody. */
function canary(type: string): string {
  if (type === "bigint") return String(-1 - randomInt(2 ** 47));
  return type === "uuid" ? randomUUID() : `smoke-${randomUUID()}`;
}

/** The tables of a tenant's schema. */
export async function schemaTables(
  session: Queryable,
  schemas: readonly string[],
  own: string,
): Promise<AttackedTable[]> {
  const { rows } = await session.query(
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = any ($1) and c.relkind in ('r', 'p') order by 1`,
    [schemas],
  );
  return rows.map((row) => ({ name: row["name"] as string, column: null, own, other: "" }));
}
