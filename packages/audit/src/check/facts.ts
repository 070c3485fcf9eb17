/**
 * From a catalog to the facts that rules and attacks look at; the same for a replayed and a live database.
 */
import type { Snapshot } from "@watertight/schema";
import { declare } from "../config/declare.ts";
import type { ResolvedOptions } from "../config/resolve.ts";
import type { History } from "../history/history.ts";
import type { Facts } from "../rules/rule.ts";
import { reachOf } from "../understand/reach.ts";
import { loadParser } from "../understand/sql/parser.ts";
import { understand } from "../understand/understand.ts";

/** The facts of a snapshot. @throws ConfigError WT_CONFIG_NAME when the configuration names what is not there */
export async function factsFrom(
  snapshot: Snapshot,
  history: History | undefined,
  resolved: ResolvedOptions,
): Promise<Facts> {
  await loadParser();
  const understanding = understand(snapshot, { config: declare(resolved, snapshot) });
  const roles = understanding.roles.filter(({ kind }) => kind !== "service").map(({ name }) => name);
  return { snapshot, understanding, reach: reachOf(snapshot, roles), history };
}
