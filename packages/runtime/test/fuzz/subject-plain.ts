/**
 * Stock pg with ordinary row security and the habits one meets: the tenant set for the session before a query, or for
 * the transaction; connections given back as they are. The handlers' correct parts are correct here as well: what
 * leaks is what the sloppy ones leave behind.
 */
import pg from "pg";
import type { Borrowed, Limits, Rows, Subject } from "./subject.ts";
import type { Tenant } from "./tenants.ts";

const forSession = "select set_config('app.tenant', $1, false)";
const forTransaction = "select set_config('app.tenant', $1, true)";

export function plainSubject(url: string, max: number): Subject {
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis: 20_000 });
  pool.on("error", () => {});

  const withClient = async <T>(work: (client: pg.PoolClient) => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const client = await pool.connect();
    const ignore = (): void => {};
    client.on("error", ignore);
    let failed: Error | undefined;
    try {
      return await orAbort(work(client), signal);
    } catch (error) {
      // As pg's own pool.query does; an aborted one goes back as it is.
      if (signal?.aborted !== true) failed = error as Error;
      throw error;
    } finally {
      client.release(failed);
      client.off("error", ignore);
    }
  };
  const inTransaction = <T>(
    tenant: Tenant,
    work: (client: pg.PoolClient) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> =>
    withClient(async (client) => {
      await client.query("begin");
      await client.query(forTransaction, [tenant.id]);
      try {
        const result = await work(client);
        await client.query("commit");
        return result;
      } catch (error) {
        await client.query("rollback").catch(() => undefined);
        throw error;
      }
    }, signal);

  return {
    name: "plain pg",
    query: (tenant, text, values, limits: Limits = {}) =>
      withClient(async (client) => {
        if (limits.statementTimeoutMs !== undefined)
          await client.query(`set statement_timeout = ${limits.statementTimeoutMs}`);
        await client.query(forSession, [tenant.id]);
        return client.query({
          text,
          values: values as unknown[],
          query_timeout: limits.queryTimeoutMs,
        } as pg.QueryConfig);
      }, limits.signal),
    batch: (tenant, parts) =>
      inTransaction(tenant, async (client) => {
        const replies: Rows[] = [];
        for (const { text, values } of parts) replies.push(await client.query(text, values as unknown[]));
        return replies;
      }),
    transaction: (tenant, fn, limits: Limits = {}) => inTransaction(tenant, (client) => fn(client), limits.signal),
    async *stream(tenant, text) {
      yield* (await inTransaction<Rows>(tenant, (client) => client.query(text))).rows;
    },
    requireRow: (tenant, id) =>
      withClient(async (client) => {
        await client.query(forSession, [tenant.id]);
        const [row] = (await client.query<Record<string, unknown>>("select * from item where id = $1", [id])).rows;
        if (row === undefined) throw new Error("not found");
        return row;
      }),
    async connect(tenant): Promise<Borrowed> {
      const client = await pool.connect();
      const ignore = (): void => {};
      client.on("error", ignore);
      const ends = [(): unknown => client.off("error", ignore)];
      return {
        query: (text, values, queryTimeoutMs) =>
          client.query({ text, values: values as unknown[], query_timeout: queryTimeoutMs } as pg.QueryConfig),
        begin: async () => {
          await client.query("begin");
          await client.query(forTransaction, [tenant.id]);
        },
        onNotification: (callback) => {
          const on = ({ channel }: { channel: string }): void => callback(channel);
          client.on("notification", on);
          ends.push(() => client.off("notification", on));
        },
        release: () => {
          client.release();
          for (const end of ends) end();
        },
      };
    },
    as: (_tenant, fn) => fn(),
    ambient: (text) => pool.query(text),
    count: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    end: () => pool.end(),
  };
}

// The usual habit: the caller stops waiting, the query goes on.
function orAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  work.catch(() => {});
  return new Promise<T>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    work.then(resolve, reject);
  });
}
