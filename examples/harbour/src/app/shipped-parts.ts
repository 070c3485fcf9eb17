// The application as it is shipped: every access goes through the tenant pool, in the context of the verified caller.
import { tenancy } from "@watertight/runtime";
import type { TenantPool } from "@watertight/runtime/pg";
import type pg from "pg";
import { note } from "./activity.ts";
import { identify } from "./identity.ts";
import type { TokenAuthority } from "./identity.ts";
import { areas } from "./parts.ts";
import type { Area, Fields, Parts, Query } from "./parts.ts";

/** A pool for one database or for a fleet: the handlers do not know which. */
type AnyPool = Pick<pg.Pool, "query"> & Pick<TenantPool<pg.Client>, "for">;

export interface Pools {
  main: AnyPool;
  /** Reports run one at a time, on a connection that all tenants share: the worst case for leftovers. */
  reports: AnyPool;
  /** For what comes before a tenant: the login. It can reach no tenant table. */
  login: Query;
}

/** The monthly sums, computed in the caller's context; the materialized view of the same name is for operators (D3). */
const revenueInContext = `(select date_trunc('month', i.issued_on)::date as month, count(*) as invoices, sum(i.total_cents)::bigint as total_cents, min(c.name) as first_customer
  from invoices i join customers c on c.id = i.customer_id group by 1)`;

export function shippedParts(authority: TokenAuthority, pools: Pools): Parts {
  const through =
    (pool: Pick<pg.Pool, "query">): Query =>
    async (text, values) =>
      (await pool.query<Fields>(text, values)).rows;
  const query = Object.fromEntries(areas.map((area) => [area, noted(area, through(pools.main))])) as Record<
    Area,
    Query
  >;
  query.login = noted("login", pools.login);
  query.customReport = noted("customReport", through(pools.reports));
  query.savedReport = noted("savedReport", through(pools.reports));
  return {
    authority,
    identify: (headers) => identify(authority, headers),
    query,
    atomically: (work) =>
      pools.main
        .for(tenancy.require())
        .transaction((tx) => work(noted("transaction", async (text, values) => (await tx.query(text, values)).rows))),
    inJob: (tenant, work) => tenancy.run(tenant, work),
    notFound: async (relation, key) => {
      await pools.main.for(tenancy.require()).requireRow(relation, key);
      // the row came back between the two looks: the caller may simply ask again
      throw new Error("the row appeared while it was being reported");
    },
    cacheKey: (name, tenant) => `${name}:${tenant}`,
    eventsOf: () => "events",
    revenueRelation: revenueInContext,
  };
}

/** The same query, written into the request's log. */
export function noted(area: string, query: Query): Query {
  return async (text, values) => {
    const rows = await query(text, values);
    note({ kind: "query", area, rows: rows.length });
    return rows;
  };
}
