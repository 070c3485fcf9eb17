/** `watertight operations list|show|watch|abandon|cancel|resume|retry|approve`. */
import type { Operation, OperationFilter } from "@watertight/control";
import type { CommandContext, Execute } from "../../command.ts";
import { type ControlSession, withControl } from "../catalog/control.ts";
import { type FleetOptions, withFleet } from "../fleet/fleet.ts";
import { concluded, follow } from "./follow.ts";

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
    orphans: await control.listOrphans(client, id),
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
    tellOrphans(context, found.orphans);
  });
  return 0;
};

/** Runs `operations watch`: events as they come, until the operation ends. */
export const watch: Execute<object> = (context, [id = ""]) =>
  withControl(context, async ({ control, client }) => concluded(context, await follow(context, control, client, id)));

/** Runs `operations cancel`: what was done is undone, as far as that goes. */
export const cancel: Execute<FleetOptions> = async (context, [id = ""], options) => {
  const operation = await withFleet(context, options, ({ control, pool, actor, kinds }) =>
    control.cancelOperation(pool, actor, id, kinds),
  );
  context.print.result({ operation }, () =>
    context.print.line(
      operation.state === "cancelled"
        ? `${operation.id} is cancelled`
        : `${operation.id} stops and undoes what it did: watertight operations watch ${operation.id}`,
    ),
  );
  return 0;
};

interface Orphan {
  readonly cell: string;
  readonly kind: string;
  readonly name: string;
  readonly database?: string;
}

function tellOrphans({ print }: CommandContext, orphans: readonly Orphan[]): void {
  if (orphans.length === 0) return;
  print.line("\nIt may have left, for a person to look at:");
  print.table(
    ["cell", "what", "name", "in database"],
    orphans.map(({ cell, kind, name, database }) => [cell, kind, name, database]),
  );
}

/** Runs `operations abandon`. */
export const abandon: Execute<{ readonly reason: string }> = async (context, [id = ""], { reason }) => {
  const found = await withControl(context, async ({ control, pool, client, actor }) => ({
    operation: await control.abandonOperation(pool, actor, id, reason),
    orphans: await control.listOrphans(client, id),
  }));
  context.print.result({ ...found }, () => {
    context.print.line(`${id} is given up; ${found.operation.subject} is free`);
    tellOrphans(context, found.orphans);
  });
  return 0;
};

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
