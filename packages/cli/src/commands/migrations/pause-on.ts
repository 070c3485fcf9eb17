/** What `--pause-on error=2%,denied,slow=3` means. Pure. Must refuse what it does not know: a pause that was meant and is not there is found out too late. */
import { CliError } from "../../cli-error.ts";

/** As migratePlaces takes it. */
export interface Pauses {
  readonly error: number | false;
  readonly denied?: number;
  readonly slow?: number;
}

/** @throws CliError WT_CLI_USAGE */
export function pauseOn(text: string): Pauses {
  let pauses: Pauses = { error: false };
  for (const each of text.split(",").map((part) => part.trim())) {
    const [, name, value] = /^([a-z]+)(?:=(\d+(?:\.\d+)?%?))?$/.exec(each) ?? [];
    const number = value === undefined ? undefined : Number.parseFloat(value) / (value.endsWith("%") ? 100 : 1);
    if (name === "error" && (number === undefined || (number < 1 && value!.endsWith("%"))))
      pauses = { ...pauses, error: number ?? 0 };
    else if (name === "denied" && (number === undefined || Number.isInteger(number)) && value?.endsWith("%") !== true)
      pauses = { ...pauses, denied: number ?? 0 };
    else if (name === "slow" && (number === undefined || number > 1) && value?.endsWith("%") !== true)
      pauses = { ...pauses, slow: number ?? 3 };
    else if (each !== "none" || text.trim() !== "none")
      throw new CliError(
        "WT_CLI_USAGE",
        `--pause-on ${text}: ${each === "" ? "nothing" : each} is not known.`,
        "For example: --pause-on error=2%,denied,slow=3, or --pause-on none.",
      );
  }
  return pauses;
}
