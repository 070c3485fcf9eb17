/** Reads what is on each cell. Must be called with the cells' rows locked where its answer is acted upon: two creations must not take the last place. */
import type { Queryable } from "@watertight/schema";
import type { CellLoad, SharedPlace } from "./choose-cell.ts";

/** Serialises choices; any number that nobody else uses. */
const choiceLock = "7071006";

/** The load of every cell; no other choice is made until the caller's transaction ends. */
export async function lockCellLoads(tx: Queryable): Promise<CellLoad[]> {
  await tx.query(`select pg_catalog.pg_advisory_xact_lock(${choiceLock})`);
  const { rows } = await tx.query(
    `select c.id, c.region, c.state, c.max_databases as "maxDatabases", c.max_schemas as "maxSchemas", c.max_pool_tenants as "maxPoolTenants",
            (select count(*)::int from watertight_catalog.location l where l.cell = c.id and l.schema is null and l.state <> 'retired') as databases
       from watertight_catalog.cell c order by c.id`,
  );
  const { rows: shared } = await tx.query(
    `select l.cell, l.id as location, l.model, l.service,
            (select count(*)::int from watertight_catalog.placement p where p.location = l.id and p.state in ('incoming', 'active')) as tenants,
            (select count(*)::int from watertight_catalog.location s where s.cell = l.cell and s.database = l.database and s.schema is not null and s.state <> 'retired') as schemas
       from watertight_catalog.location l where l.model in ('pool', 'silo') and l.state = 'ready' order by l.id`,
  );
  return rows.map((row) => {
    const { databases, ...cell } = row as CellLoad["cell"] & { databases: number };
    const here = shared.filter((place) => place["cell"] === cell.id) as (SharedPlace & { cell: string })[];
    return {
      cell,
      databases,
      poolTenants: here.filter(({ model }) => model === "pool").reduce((sum, { tenants }) => sum + tenants, 0),
      shared: here,
    };
  });
}
