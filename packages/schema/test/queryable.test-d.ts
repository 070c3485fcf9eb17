// A real node-postgres client is the shape that the kit asks for; a pool is too, by type, which is why the docs say "one connection".
import type { Queryable } from "@watertight/schema";
import type pg from "pg";

declare const client: pg.Client;
declare const pooled: pg.PoolClient;
export const shapes: Queryable[] = [client, pooled];

// @ts-expect-error text is not a connection
export const text: Queryable = "postgres://localhost";
