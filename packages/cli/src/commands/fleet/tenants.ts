/** `watertight tenants list|show`: tenants as the catalog knows them. */
import type { TenantFilter } from "@watertight/control";
import { CliError } from "../../cli-error.ts";
import type { Execute } from "../../command.ts";
import { withControl } from "../catalog/control.ts";

interface ListOptions {
  readonly state?: NonNullable<TenantFilter["state"]>;
  readonly model?: NonNullable<TenantFilter["model"]>;
  readonly cell?: string;
  readonly behind?: boolean;
  readonly service: string;
  readonly limit: string;
  readonly after?: string;
}

/** Runs `tenants list`. */
export const list: Execute<ListOptions> = async (context, _, options) => {
  const limit = Number(options.limit);
  if (!(limit >= 1 && limit <= 1000))
    throw new CliError("WT_CLI_USAGE", "--limit is 1 to 1000.", "Page with --after <slug>.");
  const tenants = await withControl(context, async ({ control, client, pool }) =>
    control.listTenants(pool, {
      limit,
      service: options.service,
      ...(options.state === undefined ? {} : { state: options.state }),
      ...(options.model === undefined ? {} : { model: options.model }),
      ...(options.cell === undefined ? {} : { cell: options.cell }),
      ...(options.after === undefined ? {} : { after: options.after }),
      ...(options.behind === true ? { behind: (await control.getService(client, options.service)).targetVersion } : {}),
    }),
  );
  const next = tenants.length === limit ? tenants.at(-1)?.slug : undefined;
  const { print } = context;
  print.result({ tenants, ...(next === undefined ? {} : { next }) }, () => {
    print.table(
      ["slug", "id", "name", "state", "model", "cell", "version"],
      tenants.map((each) => [each.slug, each.id, each.name, each.state, each.model, each.cell, each.schemaVersion]),
    );
    if (next !== undefined) print.line(`more: --after ${next}`);
  });
  return 0;
};

/** Runs `tenants show`. */
export const show: Execute<object> = async (context, [name = ""]) => {
  const found = await withControl(context, async ({ control, client, pool }) => {
    const tenant = await control.getTenant(client, name);
    return { tenant, operations: await control.listOperations(pool, { subject: `tenant:${tenant.id}`, limit: 10 }) };
  });
  const { print } = context;
  print.result({ ...found }, () => {
    print.table(
      ["", ""],
      Object.entries(found.tenant).map(([key, value]) => [key, value]),
    );
    if (found.operations.length === 0) return;
    print.line();
    print.table(
      ["operation", "kind", "state", "asked", "by"],
      found.operations.map((each) => [each.id, each.kind, each.state, each.createdAt, each.requestedBy]),
    );
  });
  return 0;
};
