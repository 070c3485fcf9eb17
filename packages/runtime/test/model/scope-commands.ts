/** Commands with several statements or several tenants: transactions, errors, cancels, nesting, fence, keys. */
import { tenancy } from "../../src/index.ts";
import { command, type ModelCommand, outcome, same, served } from "./command.ts";
import { nextBody, type Oracle, rowsOf, type TenantModel } from "./oracle.ts";
import { list } from "./row-commands.ts";

const at = (oracle: Oracle, tenant: number): TenantModel => oracle.tenants[tenant] as TenantModel;

export const transfer = (t: number, from: number, to: number): ModelCommand =>
  command("transaction", [t, from, to], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const reply = await served(tenant, () =>
      pool.for(tenant.id).transaction(async (tx) => {
        const taken = await tx.query("update entry set n = n - 1 where id = $1", [from]);
        const given = await tx.query("update entry set n = n + 1 where id = $1", [to]);
        return { taken: taken.rowCount, given: given.rowCount, rows: (await tx.query(list)).rows };
      }),
    );
    if (!reply) return;
    for (const [id, by] of [
      [from, -1],
      [to, 1],
    ] as const) {
      const entry = tenant.entries.get(id);
      if (entry) tenant.entries.set(id, { ...entry, n: entry.n + by });
    }
    same(reply.rows, rowsOf(tenant));
  });

export const errorInTransaction = (t: number, id: number, statement: number): ModelCommand =>
  command("error in transaction", [t, id, statement], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const broken = [
      "select 1 / 0",
      "select 'x'::int",
      "insert into entry select tenant_id, id, body, n from entry",
      "update entry set n = 1000000",
      "select nothing",
    ][statement % 5] as string;
    const result = await outcome(tenant, () =>
      pool.for(tenant.id).transaction(async (tx) => {
        await tx.query("delete from entry");
        await tx.query("insert into entry values ($1, $2, $3, 0)", [tenant.id, id, nextBody(oracle, tenant)]);
        await tx.query(broken);
      }),
    );
    if (!("error" in result)) throw new Error(`${broken} did not fail`);
    if (tenant.suspended) same(result.error.code, "WT_TENANT_NOT_SERVED");
    // Nothing of it happened: the next comparison says so.
  });

export const savepoint = (t: number, id: number): ModelCommand =>
  command("savepoint", [t, id], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const reply = await served(tenant, () =>
      pool.for(tenant.id).transaction(async (tx) => {
        await tx
          .savepoint(async (inner) => {
            await inner.query("delete from entry");
            await inner.query("select 1 / 0");
          })
          .catch(() => undefined);
        return tx.query(list);
      }),
    );
    if (reply) same(reply.rows, rowsOf(tenant));
  });

// Its outcome is not known until the statement has ended; both outcomes are right, a third one is not.
export const cancel = (t: number, id: number, afterMs: number): ModelCommand =>
  command("cancel", [t, id, afterMs], async (oracle, real) => {
    const tenant = at(oracle, t);
    const body = nextBody(oracle, tenant);
    const text =
      "with waiting as materialized (select pg_sleep(0.01)) update entry set body = $2, n = n + 1 from waiting where id = $1";
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), afterMs);
    const result = await outcome(tenant, () =>
      real.pool.for(tenant.id).query(text, [id, body], { signal: controller.signal }),
    );
    clearTimeout(timer);
    if ("error" in result && !["WT_ABORTED", "WT_TENANT_NOT_SERVED"].includes(result.error.code ?? ""))
      throw result.error;
    await real.settled();
    const before = tenant.entries.get(id);
    const now = await real.entry(tenant, id);
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    same(tenant.suspended ? undefined : now, before && { body, n: before.n + 1 });
    tenant.entries.set(id, now as { body: string; n: number });
  });

export const timeout = (t: number): ModelCommand =>
  command("timeout", [t], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const text = "with waiting as materialized (select pg_sleep(1)) update entry set n = n + 1 from waiting";
    const result = await outcome(tenant, () => pool.for(tenant.id).query(text, [], { statementTimeoutMs: 3 }));
    const expected = tenant.suspended ? "WT_TENANT_NOT_SERVED" : "WT_STATEMENT_TIMEOUT";
    if (!("error" in result)) {
      // Where a tenant has no row, the planner may find nothing to join with before it sleeps.
      same([result.reply.rowCount, tenant.entries.size], [0, 0]);
      return;
    }
    // The limit may strike while the context is still being opened.
    if (result.error.code !== "WT_STATEMENT_TIMEOUT") same(result.error.code, expected);
  });

export const nested = (t: number, other: number): ModelCommand =>
  command("nested", [t, other], async (oracle, { pool }) => {
    const outer = at(oracle, t);
    const inner = at(oracle, other);
    const look = async (tenant: TenantModel): Promise<void> => {
      const reply = await served(tenant, () => pool.query(list));
      if (reply) same(reply.rows, rowsOf(tenant));
    };
    await tenancy.run(outer.id, async () => {
      await look(outer);
      await Promise.all([tenancy.run(inner.id, () => look(inner)), look(outer)]);
      await look(outer);
    });
  });

export const mixUp = (t: number, other: number): ModelCommand =>
  command("mix-up", [t, other], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const stranger = at(oracle, other);
    if (tenant === stranger || tenant.suspended) return;
    await pool.for(tenant.id).transaction(async (tx) => {
      const result = await outcome(stranger, () => tenancy.run(stranger.id, () => tx.query(list)));
      same("error" in result ? result.error.code : "answered", "WT_TENANT_MISMATCH");
      same((await tx.query(list)).rows, rowsOf(tenant));
    });
  });

export const allAtOnce = (first: number): ModelCommand =>
  command("all at once", [first], async (oracle, { pool }) => {
    await Promise.all(
      oracle.tenants.map(async (_, i) => {
        const tenant = at(oracle, (first + i) % oracle.tenants.length);
        const reply = await served(tenant, () => pool.for(tenant.id).query(list));
        if (reply) same(reply.rows, rowsOf(tenant));
      }),
    );
  });

export const stream = (t: number): ModelCommand =>
  command("stream", [t], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const reply = await served(tenant, async () => {
      const rows: unknown[] = [];
      for await (const row of pool.for(tenant.id).stream(list, [], { batchSize: 2 })) rows.push(row);
      return { rows };
    });
    if (reply) same(reply.rows, rowsOf(tenant));
  });

export const suspend = (t: number, suspended: boolean): ModelCommand =>
  command(suspended ? "suspend" : "resume", [t], async (oracle, real) => {
    const tenant = at(oracle, t);
    await real.suspend(tenant, suspended);
    tenant.suspended = suspended;
  });

export const rotate = (t: number): ModelCommand =>
  command("rotate key", [t], async (oracle, real) => {
    if (real.level === "plain") return;
    const tenant = at(oracle, t);
    const old = await real.rotate();
    // Whoever still signs with the old key is refused, whatever the tenant's state.
    const result = await outcome(tenant, () => old.for(tenant.id).query(list));
    same("error" in result ? result.error.code : "answered", "WT_TOKEN_REFUSED");
    await old.end();
    const reply = await served(tenant, () => real.pool.for(tenant.id).query(list));
    if (reply) same(reply.rows, rowsOf(tenant));
  });
