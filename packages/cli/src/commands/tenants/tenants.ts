/**
 * `watertight kit tenants add|list|follow|suspend|resume`.
 */
import { followTenants, listTenants, registerTenants, setTenantState, type TenantState } from "@watertight/schema";
import { CliError } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";

/** Runs `kit tenants add`. */
export const add: Execute<object> = async ({ database, print }, ids) => {
  const added = await database((client) => registerTenants(client, ids));
  print.result({ added }, () => print.line(`${added} new, ${new Set(ids).size - added} registered before`));
  return 0;
};

/** Runs `kit tenants list`. */
export const list: Execute<{ readonly state?: TenantState }> = async ({ database, print }, _, { state }) => {
  const tenants = await database((client) => listTenants(client, state));
  print.result({ tenants }, () =>
    print.table(
      ["tenant", "state", "since"],
      tenants.map((each) => [each.tenant, each.state, each.updatedAt]),
    ),
  );
  return 0;
};

/** Runs `kit tenants follow`. */
export const follow: Execute<{ readonly column?: string }> = async (
  { database, print },
  [table = "", named],
  options,
) => {
  const column = named ?? options.column;
  if (column === undefined || (named !== undefined && options.column !== undefined && named !== options.column))
    throw new CliError(
      "WT_CLI_USAGE",
      "The id column is not named, or named twice.",
      `Run: watertight kit tenants follow ${table} <column>`,
    );
  const added = await database((client) => followTenants(client, table, column));
  print.result({ table, column, added }, () => print.line(`following ${table} (${column}): ${added} new tenants`));
  return 0;
};

async function setState({ database, print }: CommandContext, tenants: string[], state: TenantState): Promise<number> {
  await database(async (client) => {
    for (const tenant of tenants) await setTenantState(client, tenant, state);
  });
  print.result({ tenants, state }, () =>
    print.line(`${tenants.length} ${tenants.length === 1 ? "tenant is" : "tenants are"} ${state}`),
  );
  return 0;
}

/** Runs `kit tenants suspend`. */
export const suspend: Execute<object> = (context, tenants) => setState(context, tenants, "suspended");
/** Runs `kit tenants resume`. */
export const resume: Execute<object> = (context, tenants) => setState(context, tenants, "active");
