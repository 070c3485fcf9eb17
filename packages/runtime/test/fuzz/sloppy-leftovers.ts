/** Sloppy handlers that leave something behind on the connection, and look at what others left. */
import { readAll } from "./correct.ts";
import { tenantCount } from "./tenants.ts";
import type { Handler } from "./turn.ts";

const heldWrite = "update item set n = n + 1 where id = 4 returning tenant_id, body";
const callAll = `select pg_notify('canary-' || i || '-x', '') from generate_series(0, ${tenantCount - 1}) i`;

export const leftoverHandlers: Readonly<Record<string, Handler>> = {
  "throw in transaction": async (turn) => {
    const { subject, tenant, random } = turn;
    await subject.transaction(tenant, async (tx) => {
      turn.see(await tx.query(random.chance(0.5) ? heldWrite : readAll));
      if (random.chance(0.3)) turn.see(await tx.query("select 1 / (id - id) from item"));
      throw new RangeError("thrown by the handler");
    });
  },
  // Most begin inside a transaction that somebody else ends, which costs nothing; each that nobody ends costs a connection.
  "forgotten commit": async (turn) => {
    const { subject, tenant, random } = turn;
    if (random.chance(0.75)) {
      await subject.transaction(tenant, async (tx) => {
        turn.see(await tx.query(random.pick(["begin", "savepoint forgotten", "start transaction"])));
        turn.see(await tx.query(random.chance(0.3) ? heldWrite : readAll));
      });
      return;
    }
    if (random.chance(0.3)) {
      turn.see(await subject.query(tenant, "begin"));
      return;
    }
    const client = await subject.connect(tenant);
    try {
      await client.begin();
      turn.see(await client.query(random.chance(0.3) ? heldWrite : readAll));
    } finally {
      client.release();
    }
  },
  "cursor with hold": async (turn) => {
    const { subject, tenant, random } = turn;
    if (random.chance(0.5)) await turn.careless(() => subject.query(tenant, "fetch all from left_open"));
    const declare = "declare left_open cursor with hold for select tenant_id, id, body from item";
    if (random.chance(0.75)) {
      turn.see(await subject.query(tenant, declare));
      return;
    }
    await subject.transaction(tenant, async (tx) => {
      turn.see(await tx.query(declare));
      turn.see(await tx.query("fetch 1 from left_open"));
    });
  },
  listen: async (turn) => {
    const { subject, tenant, random } = turn;
    await turn.careless(() => subject.query(tenant, `listen "${tenant.canary}"`));
    if (random.chance(0.9)) return;
    // A tenant that calls all channels hears those that its connection still listens to: none of another tenant's, once its
    // first transaction has ended them. Before that a call may come through (F10: nobody can be kept from listening).
    const client = await subject.connect(tenant);
    try {
      turn.see(await client.query("select 1"));
      client.onNotification((channel) => void turn.see({ rows: [{ body: channel }] }));
      turn.see(await client.query(callAll));
    } finally {
      client.release();
    }
  },
  "temp object": async (turn) => {
    const { subject, tenant, random } = turn;
    const attempt = random.pick([
      "create temp table item as select * from public.item",
      "create temp view item as select * from public.item",
      "create temp table loot (tenant_id uuid, id int, body text)",
      "select tenant_id, id, body into temp item from public.item",
    ]);
    await turn.careless(() => subject.query(tenant, attempt));
    if (random.chance(0.3))
      await turn.careless(() => subject.query(tenant, "select tenant_id, body from pg_temp.item"));
  },
  "session setting": async (turn) => {
    const { subject, tenant, other, random } = turn;
    const text = random.pick([
      `set app.tenant = '${tenant.id}'`,
      `set app.tenant = '${other.id}'`,
      `set watertight.ctx = '${"0".repeat(64)}${other.id}'`,
      `set watertight.tenant = '${other.id}'`,
      "select set_config('watertight.ctx', current_setting('watertight.ctx', true), false)",
      "set search_path = pg_temp, nowhere, public",
      "set row_security = off",
      "set statement_timeout = 30",
      "set default_transaction_read_only = on",
      "set timezone = 'Asia/Kathmandu'",
      "set session characteristics as transaction isolation level serializable",
    ]);
    await turn.careless(() => subject.query(tenant, text));
    if (text.includes(other.id)) {
      // Whoever set another tenant's id may see, at most, an error.
      await turn.careless(() => subject.query(tenant, readAll));
    }
  },
};
