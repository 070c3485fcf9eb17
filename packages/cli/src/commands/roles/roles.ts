/** `watertight roles list|rotate` and `watertight roles reporting on|off`: logins of a place. Changes are operations: a worker does them. */
import { resolve } from "node:path";
import type { Operation, OperationKind, Secrets } from "@watertight/control";
import { CliError } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { type ControlSession, withControl } from "../catalog/control.ts";
import { watch } from "../operations/operations.ts";

interface Common {
  readonly secrets: string;
  readonly wait?: boolean;
}

function secretsOf({ io }: CommandContext, { control }: ControlSession, folder: string): Secrets {
  return control.openSecrets({
    env: io.env,
    stores: { local: control.fileStore(resolve(io.cwd, folder)) },
    keepIn: "local",
  });
}

/** Runs `roles list`. */
export const list: Execute<{ readonly location: string; readonly secrets: string }> = async (context, _, options) => {
  const found = await withControl(context, async (session) => ({
    logins: await session.control.listLogins(
      session.pool,
      secretsOf(context, session, options.secrets),
      options.location,
    ),
    reporting: (await session.control.listReporting(session.client))
      .filter(({ location }) => location === options.location)
      .map(({ login, reason, until, requestedBy, state }) => ({ login, reason, until, requestedBy, state })),
  }));
  const { print } = context;
  print.result({ ...found }, () => {
    print.table(
      ["role", "for", "logs in", "sees", "writes", "member of", "connections", "until", "rotated", "alarming"],
      found.logins.map((each) => [
        each.name,
        each.purpose,
        each.login,
        each.sees,
        each.writes,
        each.memberOf.join(" "),
        each.connectionLimit,
        each.validUntil,
        each.rotatedAt,
        each.alarming.join(" "),
      ]),
    );
    for (const { login, reason, until, requestedBy } of found.reporting)
      print.line(`${login} reads all tenants until ${until.toISOString()}: ${reason} (${requestedBy})`);
  });
  return 0;
};

async function ask<Options extends Common>(
  context: CommandContext,
  options: Options,
  kind: (session: ControlSession, secrets: Secrets) => OperationKind<never>,
  input: Readonly<Record<string, unknown>>,
): Promise<number> {
  const operation: Operation = await withControl(context, (session) =>
    session.control.requestOperation(
      session.pool,
      session.actor,
      kind(session, secretsOf(context, session, options.secrets)) as unknown as OperationKind,
      input,
    ),
  );
  if (options.wait === true) return watch(context, [operation.id], {});
  context.print.result({ operation }, () =>
    context.print.line(`${operation.id} is ${operation.state}: watertight operations watch ${operation.id}`),
  );
  return 0;
}

/** Runs `roles reporting on`. */
export const begin: Execute<
  Common & { readonly location: string; readonly reason: string; readonly hours: string }
> = async (context, _, options) => {
  const hours = Number(options.hours);
  if (!(hours > 0 && hours <= 744)) throw new CliError("WT_CLI_USAGE", "--hours is 1 to 744.", "Leave it out for 24.");
  const { location, reason } = options;
  return ask(context, options, ({ control }, secrets) => control.beginReportingKind(secrets) as never, {
    location,
    reason,
    hours,
  });
};

/** Runs `roles reporting off`. */
export const end: Execute<Common & { readonly location: string }> = async (context, _, options) =>
  ask(context, options, ({ control }, secrets) => control.endReportingKind(secrets) as never, {
    location: options.location,
  });

/** Runs `roles rotate`. */
export const rotate: Execute<Common & { readonly cell?: string }> = async (context, [login = ""], options) =>
  ask(context, options, ({ control }, secrets) => control.rotateLoginKind(secrets) as never, {
    login,
    ...(options.cell === undefined ? {} : { cell: options.cell }),
  });
