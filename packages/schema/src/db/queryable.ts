/**
 * The one shape that the kit asks of a database connection. It must be ONE connection (a client, not a pool): the kit opens
 * transactions on it. Must never import a driver.
 */

/** A row as the driver returns it. */
// oxlint-disable-next-line typescript/no-explicit-any -- a driver's row; each query names its columns beside it
export type Row = Record<string, any>;

/** A connected client, for example a `pg.Client`. */
export interface Queryable {
  query(text: string, params?: unknown[]): Promise<{ rows: Row[] }>;
}
