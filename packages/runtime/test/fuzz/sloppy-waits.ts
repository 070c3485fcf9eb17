/** Sloppy handlers around waiting: cancels, timeouts on either side, connections that an administrator ends. */
import { readAll } from "./correct.ts";
import type { Handler } from "./turn.ts";

const slow = "select tenant_id, body, pg_sleep(0.01) from item where id = 1";
// The wait comes first: it is cancelled between the write and the commit.
const slowWrite =
  "with waiting as materialized (select pg_sleep(0.004)) update item set n = n + 1 from waiting where id = 2 returning tenant_id, body";

export const waitingHandlers: Readonly<Record<string, Handler>> = {
  // Most are cancelled while they wait for a connection, which costs nothing; each that was sent costs a connection.
  cancel: async (turn) => {
    const controller = new AbortController();
    const { random, subject, tenant } = turn;
    const limits = { signal: controller.signal };
    const sent = random.chance(0.1);
    const timer = sent ? undefined : setTimeout(() => controller.abort(), random.below(4));
    try {
      if (!sent) turn.see(await subject.query(tenant, random.chance(0.5) ? slow : slowWrite, [], limits));
      else
        await subject.transaction(
          tenant,
          async (tx) => {
            turn.see(await tx.query(readAll));
            turn.codes.push("in flight");
            setTimeout(() => controller.abort(), random.below(2));
            turn.see(await tx.query(random.chance(0.5) ? slow : slowWrite));
          },
          limits,
        );
    } finally {
      clearTimeout(timer);
    }
  },
  "statement timeout": async (turn) => {
    const { random, subject, tenant } = turn;
    const limits = { statementTimeoutMs: 1 + random.below(2) };
    if (random.chance(0.8)) turn.see(await subject.query(tenant, slow, [], limits));
    else
      await subject.transaction(
        tenant,
        async (tx) => {
          // Swallowed: what follows runs in a failed transaction.
          await turn.careless(() => tx.query(slow));
          turn.see(await tx.query(readAll));
        },
        limits,
      );
  },
  "client timeout": async (turn) => {
    const { random, subject, tenant } = turn;
    if (random.chance(0.5)) {
      turn.see(await subject.query(tenant, slow, [], { queryTimeoutMs: 1 + random.below(4) }));
      return;
    }
    const client = await subject.connect(tenant);
    try {
      await client.begin();
      turn.see(await client.query(slow, [], 1 + random.below(4)));
    } finally {
      client.release();
    }
  },
  killed: async (turn) => {
    const { random, subject, tenant } = turn;
    const ask = "select pg_backend_pid() as pid";
    if (random.chance(0.3)) {
      // Idle by now, or in somebody else's hands: the innocent victim is part of it.
      await turn.kill((await subject.query(tenant, ask)).rows[0]?.["pid"] as number);
      return;
    }
    await subject.transaction(tenant, async (tx) => {
      const pid = (await tx.query(ask)).rows[0]?.["pid"] as number;
      const killing = turn.kill(pid);
      await turn.careless(() => tx.query(slow));
      await killing;
      turn.see(await tx.query(readAll));
    });
  },
};
