/**
 * The options of a run, what was typed proved against the schema of the file. Must never let a value pass that the file would not have been allowed
 * to hold.
 */
import { problemsOf } from "./problems.ts";
import { type OptionSources, type ResolvedOptions, resolveWith } from "./resolve.ts";

/**
 * Resolves all options.
 * @throws ConfigError WT_CONFIG_OPTION for a flag or variable with a wrong value, or a flag that is no option
 * @example
 * const { options, origins } = resolveOptions({ flags: { failOn: "medium" }, env: process.env, config, file: "watertight.config.ts" });
 */
export function resolveOptions(sources: OptionSources): ResolvedOptions {
  return resolveWith(sources, problemsOf);
}
