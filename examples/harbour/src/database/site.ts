// One installed database: who may log in, with which key, at which level.
import type { Cluster } from "./cluster.ts";

export interface Site {
  readonly cluster: Cluster;
  readonly database: string;
  readonly level: "plain" | "sealed" | "hostile";
  /** WATERTIGHT_KEY; empty at level plain. */
  readonly key: string;
  /** Who can look above row security here: on a server where BYPASSRLS cannot be granted, nobody. */
  readonly above: "superuser" | "migrator" | "nobody";
  /** Variables for the SQL of holes. */
  readonly variables: Readonly<Record<string, string>>;
}
