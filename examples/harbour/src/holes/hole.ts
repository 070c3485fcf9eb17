// What a hole is: one mistake that people really make, as a switch. Every hole is closed as shipped.
import type { Parts, Query } from "../app/parts.ts";

/** Connections that a hole may open beside the shipped ones. They are closed with the server. */
export interface Backdoors {
  /** A plain pg pool: no context, simple protocol for texts without values. */
  plain(role: "app" | "migrator" | "legacy", max?: number): Query;
  /** A plain pg pool with the tenant set for the session, by a statement of its own: the recipe of many blog posts. */
  session(max: number): Query;
  /** A tenant pool whose search_path does not put pg_temp last: then it comes first. */
  unqualified(max: number): Query;
}

export interface Hole {
  readonly id: string;
  /** Permanent ID of the leak vector. */
  readonly vector: string;
  readonly title: string;
  /** Only bites where the context is an ordinary setting: opening it puts the database at level plain. */
  readonly plainLevel?: true;
  /** Needs a role above row security, which some servers do not grant: there nobody can make this mistake. */
  readonly needsBypass?: true;
  /** SQL that opens and closes it. psql variables: :"app" :"owner" :"migrator" :"bypass" :"legacy" :"database", :'password'. */
  readonly database?: { readonly up: string; readonly down: string };
  /** What the application does instead of what it ships with. */
  readonly application?: (parts: Parts, backdoors: Backdoors) => Parts;
  /** The intruder's attempts that this hole lets through. */
  readonly attacks: readonly string[];
}

export type Layer = "database" | "application" | "both";

export function layerOf(hole: Hole): Layer {
  if (hole.database === undefined) return "application";
  return hole.application === undefined ? "database" : "both";
}
