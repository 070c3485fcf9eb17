/**
 * The control plane for commands: loaded when a command needs it, because it is an optional package, and given the one connection that the
 * command has.
 */
import { userInfo } from "node:os";
import type { Client } from "pg";
import type * as Control from "@watertight/control";
import { CliError } from "../../cli-error.ts";
import type { CommandContext } from "../../command.ts";

/** What a command of the control plane works with. */
export interface ControlSession {
  readonly control: typeof Control;
  readonly client: Client;
  readonly pool: Control.CatalogPool;
  /** Who acts, for the audit log: the user of this machine. The database knows the rest. */
  readonly actor: Control.Actor;
}

/** Brings the package. */
export async function loadControl(): Promise<typeof Control> {
  return import("@watertight/control").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new CliError(
      "WT_CLI_USAGE",
      "The control plane is not installed.",
      "Run: npm install --save-dev @watertight/control",
    );
  });
}

/** Runs `fn` on the catalog that --db names. */
export async function withControl<T>(
  { database }: Pick<CommandContext, "database">,
  fn: (session: ControlSession) => Promise<T>,
): Promise<T> {
  const control = await loadControl();
  return database((client) =>
    fn({
      control,
      client,
      pool: { connect: async () => ({ query: (text, params) => client.query(text, params), release: () => {} }) },
      actor: { name: `cli:${userInfo().username}` },
    }),
  );
}
