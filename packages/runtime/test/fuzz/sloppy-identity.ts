/** Sloppy handlers that lose, change or mix up who they are. */
import { readAll } from "./correct.ts";
import type { Handler } from "./turn.ts";

export const identityHandlers: Readonly<Record<string, Handler>> = {
  "role change": async (turn) => {
    const { subject, tenant, random } = turn;
    const text = random.pick([
      "set role watertight_owner",
      "set role none",
      "reset role",
      "set session authorization default",
      "reset all",
      "discard all",
      "reset session authorization",
    ]);
    if (random.chance(0.5)) {
      await turn.careless(() => subject.query(tenant, text));
      return;
    }
    await subject.transaction(tenant, async (tx) => {
      await turn.careless(() => tx.query(text));
      turn.see(await tx.query(readAll));
    });
  },
  "commit inside": async (turn) => {
    const { subject, tenant, random } = turn;
    const text = random.pick(["commit", "rollback", "commit and chain", "rollback and chain", "end"]);
    if (random.chance(0.3)) {
      turn.see(await subject.query(tenant, text));
      return;
    }
    await subject.transaction(tenant, async (tx) => {
      turn.see(await tx.query(readAll));
      turn.see(await tx.query(text));
      turn.see(await tx.query(readAll));
    });
  },
  "other tenant inside": async (turn) => {
    const { subject, tenant, other } = turn;
    await subject.transaction(tenant, async (tx) => {
      turn.see(await tx.query(readAll));
      await turn.careless(() => subject.as(other, () => tx.query(readAll)), other);
      turn.see(await tx.query(readAll));
    });
  },
  "lost context": async (turn) => {
    const { subject, tenant, random } = turn;
    if (random.chance(0.6)) {
      turn.seeNobodys(await subject.ambient(readAll));
      return;
    }
    const client = await subject.connect(tenant);
    client.release();
    // Long after: whoever has the connection now, this client is nobody.
    if (random.chance(0.5)) await new Promise((resolve) => setImmediate(resolve));
    turn.seeNobodys(await client.query(readAll));
  },
  unawaited: async (turn) => {
    const { subject, tenant, random } = turn;
    if (random.chance(0.5)) {
      await subject.transaction(tenant, async (tx) => {
        turn.see(await tx.query(readAll));
        turn.forget(tx.query(readAll));
      });
      return;
    }
    const client = await subject.connect(tenant);
    turn.forget(client.query(readAll));
    client.release();
  },
  "swallowed error": async (turn) => {
    const { subject, tenant } = turn;
    await subject.transaction(tenant, async (tx) => {
      await turn.careless(() => tx.query("select nothing from nowhere_at_all"));
      await turn.careless(() => tx.query(readAll));
    });
  },
  "write as another": async (turn) => {
    const { subject, tenant, other, random } = turn;
    const id = 2_000_000_000 + random.below(100_000_000);
    await turn.careless(() =>
      subject.query(tenant, "insert into scratch values ($1, $2, $3)", [other.id, id, tenant.canary]),
    );
    await turn.careless(() =>
      subject.query(tenant, "update item set tenant_id = $1 where id = 5 returning tenant_id", [other.id]),
    );
  },
};
