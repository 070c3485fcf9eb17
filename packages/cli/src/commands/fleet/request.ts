/** Asks for an operation of the fleet and follows it. One road for every command that changes tenants or their places. */
import type * as Control from "@watertight/control";
import { CliError } from "../../cli-error.ts";
import type { CommandContext } from "../../command.ts";
import { concluded, follow, type WaitFlags } from "../operations/follow.ts";
import { type Fleet, type FleetOptions, withFleet } from "./fleet.ts";

/** Options of such commands. */
export type RequestOptions = FleetOptions & WaitFlags;

/** Asks and follows; answers the exit code. Not waited for, it is 0: it was asked for. */
export async function requestAndFollow(
  context: CommandContext,
  options: RequestOptions,
  ask: (fleet: Fleet) => Promise<Control.Operation>,
): Promise<number> {
  const { print } = context;
  const seconds = Number(options.wait);
  if (options.wait !== false && !(seconds > 0 && seconds <= 86_400))
    throw new CliError("WT_CLI_USAGE", `--wait ${options.wait} is not 1 to 86400 seconds.`, "Or give --no-wait.");
  return withFleet(context, options, async (fleet) => {
    const asked = await ask(fleet);
    if (options.wait === false) {
      const { id, state } = asked;
      print.result({ operation: asked }, () => print.line(`${id} ${state}: watertight operations watch ${id}`));
      return 0;
    }
    return concluded(context, await follow(context, fleet.control, fleet.client, asked.id, seconds * 1000));
  });
}
