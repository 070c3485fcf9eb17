/**
 * Loads a command that checks migrations while its server boots: both take most of a second, and together no longer than one of them. Must stop
 * a server that the command did not take: where there are no migrations, none is needed.
 */
import type { Execute } from "../../command.ts";

/** Flags by which a command does without the server that comes with us. */
interface ServerFlags {
  readonly db?: string;
  readonly server?: string;
}

/** The command that `load` brings, with a server on its way where its flags need one. */
export async function whileBooting<Flags extends ServerFlags>(
  { db, server }: ServerFlags,
  load: () => Promise<Execute<Flags>>,
): Promise<Execute<Flags>> {
  if (db !== undefined || server !== undefined) return load();
  const { bootAhead } = await import("@watertight/audit/boot");
  const dropUnused = bootAhead();
  try {
    const execute = await load();
    return (context, args, flags) => execute(context, args, flags).finally(dropUnused);
  } catch (error) {
    await dropUnused();
    throw error;
  }
}
