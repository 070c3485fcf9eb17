/** Handlers written as one should. Each returns whether the answer was the right one, to the row. */
import type { Rows } from "./subject.ts";
import { rowsPerTenant } from "./tenants.ts";
import type { Handler, Turn } from "./turn.ts";

export const readAll = "select tenant_id, id, body from item order by id";
const readOne = "select tenant_id, id, body from item where id = $1";
const count = "update counter set n = n + 1 where id = $1 returning tenant_id, n";

const allRight = ({ rows }: Rows, turn: Turn): boolean =>
  rows.length === rowsPerTenant && rows.every((row) => row["tenant_id"] === turn.tenant.id);
const oneRight = ({ rows }: Rows, turn: Turn): boolean =>
  rows.length === 1 && rows[0]?.["tenant_id"] === turn.tenant.id;
const anyId = (turn: Turn): number => 1 + turn.random.below(rowsPerTenant);
// Many counters a tenant: two handlers of one tenant shall rarely wait for each other.
const anyCounter = (turn: Turn): number => 1 + turn.random.below(32);

async function counted(turn: Turn, work: () => Promise<Rows>): Promise<Rows> {
  try {
    const reply = await work();
    turn.acknowledged++;
    return reply;
  } catch (error) {
    turn.unknown++;
    throw error;
  }
}

export const correctHandlers: Readonly<Record<string, Handler>> = {
  "read all": async (turn) => allRight(turn.see(await turn.subject.query(turn.tenant, readAll)), turn),
  "read one": async (turn) => oneRight(turn.see(await turn.subject.query(turn.tenant, readOne, [anyId(turn)])), turn),
  write: async (turn) =>
    oneRight(turn.see(await counted(turn, () => turn.subject.query(turn.tenant, count, [anyCounter(turn)]))), turn),
  batch: async (turn) => {
    const id = 1000 + turn.random.below(1_000_000_000);
    const [made, all, gone] = turn.see(
      await turn.subject.batch(turn.tenant, [
        {
          text: "insert into scratch values ($1, $2, $3) returning tenant_id, body",
          values: [turn.tenant.id, id, turn.tenant.canary],
        },
        { text: readAll },
        { text: "delete from scratch where id = $1 returning tenant_id, body", values: [id] },
      ]),
    );
    return oneRight(made as Rows, turn) && allRight(all as Rows, turn) && oneRight(gone as Rows, turn);
  },
  transaction: async (turn) => {
    let right = false;
    await counted(turn, () =>
      turn.subject.transaction(turn.tenant, async (tx) => {
        const all = turn.see(await tx.query(readAll));
        const written = turn.see(await tx.query(count, [anyCounter(turn)]));
        right = allRight(all, turn) && oneRight(written, turn);
        return written;
      }),
    );
    return right;
  },
  nested: async (turn) => {
    const inner = async (): Promise<boolean> => {
      await Promise.resolve();
      return oneRight(turn.see(await turn.subject.query(turn.tenant, readOne, [anyId(turn)])), turn);
    };
    return turn.subject.as(turn.tenant, async () => {
      const first = await inner();
      await new Promise((resolve) => setImmediate(resolve));
      return first && (await inner());
    });
  },
  stream: async (turn) => {
    let seen = 0;
    for await (const row of turn.subject.stream(turn.tenant, readAll, 2)) {
      turn.see({ rows: [row] });
      if (++seen === 3) break;
    }
    return seen === 3;
  },
  "require row": async (turn) =>
    oneRight(
      {
        rows: [
          turn.see({ rows: [await turn.subject.requireRow(turn.tenant, anyId(turn))] }).rows[0] as Record<
            string,
            unknown
          >,
        ],
      },
      turn,
    ),
};
