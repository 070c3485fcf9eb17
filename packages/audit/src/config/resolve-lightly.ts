/**
 * The same options, with the schema loaded only where something was typed: a command that is waited for mostly has nothing to prove. Must never
 * answer otherwise than resolveOptions.
 */
import { isTyped, type OptionSources, type ResolvedOptions, resolveWith } from "./resolve.ts";

/** As `resolveOptions`. @throws ConfigError WT_CONFIG_OPTION */
export async function resolveLightly(sources: OptionSources): Promise<ResolvedOptions> {
  const problemsOf = isTyped(sources) ? (await import("./problems.ts")).problemsOf : () => [];
  return resolveWith(sources, problemsOf);
}
