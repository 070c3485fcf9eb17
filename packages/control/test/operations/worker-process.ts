/**
 * A worker in a process of its own, over kinds whose steps leave traces in a database that no worker keeps books in: what was made, and by
 * whom at what time. With OPERATION it runs that one as far as it goes and ends. Run as a bundle, because Node 20 runs no TypeScript.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { onCell, onSharedSession } from "../../src/cells/fenced-session.ts";
import { failpointFrom } from "../../src/operations/failpoints.ts";
import type { OperationKind, Step } from "../../src/operations/operation.ts";
import { runOperation } from "../../src/operations/run-operation.ts";
import { startWorker } from "../../src/operations/worker.ts";

interface Input {
  readonly thing: string;
  /** Step that fails, if one does. */
  readonly failAt?: number;
  /** How long each step takes in the middle, in milliseconds. */
  readonly stepMs?: number;
  /** Position of the point of no return. */
  readonly noReturnAt?: number;
}

const outside = process.env["OUTSIDE_URL"] as string;

function step(position: number, input: Input): Step<Input> {
  const name = `make-${position}`;
  const made = [input.thing, position];
  return {
    name,
    ...(input.noReturnAt === position ? { pointOfNoReturn: true } : {}),
    // looking shares the run's session, acting has one of its own: both are fenced
    observe: (context) =>
      onSharedSession(context as never, outside, async (session) => {
        const { rows } = await session.query("select 1 from made where thing = $1 and position = $2", made);
        return rows.length > 0;
      }),
    async act(context) {
      await context.willMake({ cell: "outside", kind: "role", name: `${input.thing}-${position}` });
      context.failpoint(`${name}.promised`);
      await onCell(context as never, outside, async (session) => {
        const { rows } = await session.query("select pg_try_advisory_lock(hashtextextended($1, 0)) as free", [
          input.thing,
        ]);
        if (rows[0]!["free"] !== true)
          await session.query("insert into violation (what) values ($1)", [`two at ${made.join(" ")}`]);
        await sleep(input.stepMs ?? 1);
        if (input.failAt === position) throw Object.assign(new Error("fails"), { code: "WT_TEST" });
        await session.query("insert into made (thing, position, worker) values ($1, $2, $3)", [
          ...made,
          context.actor.name,
        ]);
        context.failpoint(`${name}.inside`);
      });
      return { [name]: input.thing };
    },
    async undo(context) {
      await onCell(context as never, outside, (session) =>
        session.query("delete from made where thing = $1 and position = $2", made),
      );
      context.failpoint(`${name}.unmade`);
    },
  };
}

export const makeThing: OperationKind<Input> = {
  kind: "make-thing",
  parse: (input) => input as unknown as Input,
  subject: ({ thing }) => `thing:${thing}`,
  steps: (input) => [0, 1, 2].map((position) => step(position, input)),
};

const alone = process.env["OPERATION"];
if (alone !== undefined) {
  process.stdin.on("end", () => process.exit(1)).resume();
  const catalog = new pg.Pool({ connectionString: process.env["CATALOG_URL"]!, max: 4 });
  catalog.on("error", () => {});
  const { end } = await runOperation(
    {
      catalog,
      kinds: new Map([[makeThing.kind, makeThing as unknown as OperationKind<never>]]),
      worker: `process-${process.pid}`,
      signal: new AbortController().signal,
      failpoint: failpointFrom(),
    },
    alone,
  );
  process.stdout.write(`${end}\n`);
  process.exit(0);
} else if (process.env["CATALOG_URL"] !== undefined) {
  // heard before the worker is there: whoever starts it may want it gone at once
  const told = new Promise((resolve) => process.once("SIGTERM", resolve));
  // the test holds the other end: when it goes, so does this
  process.stdin.on("end", () => process.exit(1)).resume();
  const worker = await startWorker({
    catalogUrl: process.env["CATALOG_URL"],
    kinds: new Map([[makeThing.kind, makeThing as unknown as OperationKind<never>]]),
    concurrency: Number(process.env["CONCURRENCY"] ?? "4"),
    failed: (error) => process.stderr.write(`${error.message}\n`),
  });
  process.stdout.write(`ready ${worker.name}\n`);
  await told;
  await worker.stop();
  process.exit(0);
}
