/** `watertight operations list|show|watch|resume|retry|approve`. */
import type { Operation, OperationFilter } from "@watertight/control";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { type ControlSession, withControl } from "../catalog/control.ts";

function table({ print }: CommandContext, operations: readonly Operation[]): void {
  print.table(
    ["operation", "kind", "subject", "state", "asked", "by", "error"],
    operations.map((each) => [
      each.id,
      each.kind,
      each.subject,
      each.state,
      each.createdAt,
      each.requestedBy,
      each.error?.code,
    ]),
  );
}

/** Runs `operations list`. */
export const list: Execute<{
  readonly state?: NonNullable<OperationFilter["state"]>;
  readonly subject?: string;
}> = async (context, _, { state, subject }) => {
  const operations = await withControl(context, ({ control, pool }) =>
    control.listOperations(pool, {
      ...(state === undefined ? {} : { state }),
      ...(subject === undefined ? {} : { subject }),
    }),
  );
  context.print.result({ operations }, () => table(context, operations));
  return 0;
};

/** Runs `operations show`. */
export const show: Execute<object> = async (context, [id = ""]) => {
  const found = await withControl(context, async ({ control, client }) => ({
    operation: await control.getOperation(client, id),
    steps: await control.listSteps(client, id),
  }));
  const { print } = context;
  print.result({ ...found }, () => {
    table(context, [found.operation]);
    print.line();
    print.table(
      ["step", "state", "tries", "began", "ended", "error"],
      found.steps.map((each) => [
        each.name,
        each.state,
        each.attempts,
        each.startedAt,
        each.finishedAt,
        each.error?.message,
      ]),
    );
    if (found.operation.error !== null) print.line(`\n${found.operation.error.message}`);
  });
  return 0;
};

const finished = ["succeeded", "failed", "cancelled"];

/** Runs `operations watch`: events as they come, until the operation ends. */
export const watch: Execute<object> = async (context, [id = ""]) => {
  const { print } = context;
  const operation = await withControl(context, async ({ control, client }) => {
    let last = "0";
    for (;;) {
      const now = await control.getOperation(client, id);
      const events = await control.listOperationEvents(client, id, last);
      for (const { id: event, at, kind, data } of events) {
        last = event;
        if (!print.json) print.line(`${at.toISOString()}  ${kind.padEnd(14)} ${text(data)}`.trimEnd());
      }
      if (events.length === 0 && finished.includes(now.state)) return now;
      await sleep(250);
    }
  });
  print.result({ operation }, () => print.line(`${operation.id} ${operation.state}`));
  return operation.state === "succeeded" ? exitCodes.ok : exitCodes.partly;
};

function text(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}

const act =
  (work: (session: ControlSession, id: string) => Promise<Operation>): Execute<object> =>
  async (context, [id = ""]) => {
    const operation = await withControl(context, (session) => work(session, id));
    context.print.result({ operation }, () =>
      context.print.line(`${operation.id} is ${operation.state}: watertight operations watch ${operation.id}`),
    );
    return 0;
  };

/** Runs `operations resume`. */
export const resume: Execute<object> = act(({ control, pool, actor }, id) => control.resumeOperation(pool, actor, id));
/** Runs `operations retry`. */
export const retry: Execute<object> = act(({ control, pool, actor }, id) => control.retryOperation(pool, actor, id));
/** Runs `operations approve`. */
export const approve: Execute<object> = act(({ control, pool, actor }, id) =>
  control.approveOperation(pool, actor, id),
);
