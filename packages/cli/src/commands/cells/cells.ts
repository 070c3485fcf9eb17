/** `watertight cells list|add|set|template`. */
import type { Cell, CellChange, NewCell } from "@watertight/control";
import { CliError } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { withControl } from "../catalog/control.ts";
import { type RequestOptions, requestAndFollow } from "../fleet/request.ts";

interface CapOptions {
  readonly maxDatabases?: string;
  readonly maxSchemas?: string;
  readonly maxPoolTenants?: string;
  readonly connectionBudget?: string;
}

function show({ print }: CommandContext, cells: readonly Cell[]): void {
  const shown = cells.map((cell) => ({ ...cell, adminSecret: undefined }));
  print.result({ cells: shown }, () =>
    print.table(
      ["cell", "endpoint", "region", "state", "databases", "schemas", "pool tenants", "connections"],
      cells.map((cell) => [
        cell.id,
        `${cell.host}:${cell.port}`,
        cell.region,
        cell.state,
        cell.maxDatabases,
        cell.maxSchemas,
        cell.maxPoolTenants,
        cell.connectionBudget,
      ]),
    ),
  );
}

/** Runs `cells list`. */
export const list: Execute<object> = async (context) => {
  show(context, await withControl(context, ({ control, pool }) => control.listCells(pool)));
  return 0;
};

/** Runs `cells add`. */
export const add: Execute<
  CapOptions & { readonly endpoint: string; readonly admin: string; readonly region?: string }
> = async (context, [id = ""], options) => {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(options.endpoint) ?? [];
  if (host === undefined || port === undefined)
    throw new CliError(
      "WT_CLI_USAGE",
      `--endpoint ${options.endpoint} is not <host>:<port>.`,
      "For example: --endpoint 10.0.0.5:5432",
    );
  if (!/^[a-z][a-z0-9+-]*:(?!\/\/)\S+$/.test(options.admin))
    throw new CliError(
      "WT_CLI_SECRET_IN_FLAG",
      "--admin is a reference to the provisioner's connection string, never the string.",
      "Give --admin env:NAME or --admin file:/path.",
    );
  const cell: NewCell = {
    id,
    host,
    port: Number(port),
    adminSecret: options.admin,
    ...(options.region === undefined ? {} : { region: options.region }),
    ...caps(options),
  };
  show(context, [await withControl(context, ({ control, pool, actor }) => control.addCell(pool, actor, cell))]);
  return 0;
};

/** Runs `cells set`. */
export const set: Execute<CapOptions & { readonly state?: Cell["state"] }> = async (context, [id = ""], options) => {
  const change: CellChange = { ...(options.state === undefined ? {} : { state: options.state }), ...caps(options) };
  if (Object.keys(change).length === 0)
    throw new CliError(
      "WT_CLI_USAGE",
      "Nothing to change is named.",
      "For example: watertight cells set eu-1 --state draining",
    );
  const changed = await withControl(context, async ({ control, pool, client, actor }) => {
    const { version } = await control.getCell(client, id);
    return control.changeCell(pool, actor, id, version, change);
  });
  show(context, [changed]);
  return 0;
};

/** Runs `cells template`: what new databases there are copies of, at the newest release; one that is there is left as it is. */
export const template: Execute<RequestOptions> = (context, [cell = ""], options) =>
  requestAndFollow(context, options, async ({ control, client, pool, actor, kinds }) => {
    await control.getCell(client, cell);
    return control.requestOperation(pool, actor, kinds.get("template.build")!, { cell, service: options.service });
  });

function caps(options: CapOptions): Partial<Record<keyof CapOptions, number>> {
  return Object.fromEntries(
    (["maxDatabases", "maxSchemas", "maxPoolTenants", "connectionBudget"] as const).flatMap((name) => {
      const text = options[name];
      if (text === undefined) return [];
      if (!/^[1-9]\d{0,8}$/.test(text))
        throw new CliError("WT_CLI_USAGE", `${text} is not a whole number over 0.`, "Correct the option.");
      return [[name, Number(text)]];
    }),
  );
}
