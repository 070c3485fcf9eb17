/**
 * All vectors of the catalogue, and who can decide each: a schema (then there is a rule), or somebody else, and why. A test compares the list with
 * rules/index.ts in both directions, so a rule that is added or dropped shows here too.
 */

/** Where a vector belongs that no schema decides. */
type Elsewhere = "pool" | "application" | "server";

/** One vector. */
export type Decision =
  | {
      readonly id: string;
      readonly by: "schema";
      /** Who else must be asked: the rule sees the form that stands in the schema, and this vector has another one. */
      readonly also?: { readonly where: Elsewhere; readonly because: string };
    }
  | { readonly id: string; readonly by: Elsewhere; readonly because: string };

/** How many vectors each family has. */
const families = { A: 15, B: 23, C: 12, D: 16, E: 10, F: 16, G: 9, H: 4, P: 2 } as const;

const elsewhere: Readonly<Record<string, readonly [Elsewhere, string]>> = {
  C12: [
    "application",
    "Caches and memory of the process are not in the database: the cache adapters and the attacks on a running application look there.",
  ],
  E10: [
    "server",
    "PostgreSQL evaluates generated columns and defaults as the writer and under the writer's policies; experiments on 15 and 18 found no way through.",
  ],
  F6: [
    "application",
    "COPY FROM is refused under row security; which role a loader takes instead stands in the loader's code.",
  ],
  F12: [
    "server",
    "Names of prepared transactions are visible where max_prepared_transactions is set, which the server's settings tell (--db).",
  ],
  F13: ["server", "Whether a backup holds all rows depends on the role and options with which pg_dump is run."],
  F14: [
    "server",
    "CREATE DATABASE … TEMPLATE copies rows, and no schema shows which rows lie in the template when a database is provisioned.",
  ],
  F15: [
    "server",
    "Every role that may write can lock a table and end its own sessions: PostgreSQL has no right that forbids it, only timeouts.",
  ],
  G1: ["server", "Every role can EXPLAIN, and estimates are made from everybody's rows."],
  G2: ["server", "Every role can EXPLAIN ANALYZE, which counts the rows that a policy removed."],
  G3: ["server", "Sizes and counters of all tables are public in PostgreSQL."],
  G4: [
    "server",
    "Sessions of one role see each other's statements; only roles per cell or the kit's hardening change that.",
  ],
  G6: [
    "server",
    "PostgreSQL hides the statistics of tables that row security guards; where a minor does not, the CVE table and a probe say so.",
  ],
  G7: ["server", "The time of a query depends on everybody's rows, on every server."],
  G9: ["server", "The catalog is public: names, bodies of functions, policies and comments."],
  H3: ["server", "Names of databases and roles are public in a cluster."],
};

/** Vectors of which a schema shows one form and not the other. */
const partly: Readonly<Record<string, readonly [Elsewhere, string]>> = {
  A14: [
    "server",
    "A switch that somebody turned by hand is in no migration: a live audit sees its state, not its window.",
  ],
  C1: ["pool", "SET by the application itself is attacked by the pool fuzzer."],
  C2: ["pool", "SET LOCAL outside of a transaction is a statement of the application."],
  C3: ["pool", "SET in a transaction of the application is attacked by the pool fuzzer."],
  C4: ["pool", "ROLLBACK TO is a statement of the application."],
  C5: ["application", "Two tenants in one transaction is what the application does with it."],
  C7: ["pool", "What the application's own statements leave on a connection, the pool must clear."],
  C11: ["application", "Which header or token fills the claims stands in the proxy."],
  F9: ["server", "Subscribers and slots are the server's."],
  F10: ["application", "NOTIFY sent by the application stands in its code."],
  F11: ["application", "Locks taken by the application stand in its code."],
  G8: ["server", "Settings of postgresql.conf and auto_explain are the server's (--db)."],
};

/** The list, in the order of the catalogue. */
export const decisions: readonly Decision[] = Object.entries(families).flatMap(([family, count]) =>
  Array.from({ length: count }, (_, at): Decision => {
    const id = `${family}${at + 1}`;
    const other = elsewhere[id];
    if (other !== undefined) return { id, by: other[0], because: other[1] };
    const [where, because] = partly[id] ?? [];
    return where === undefined || because === undefined
      ? { id, by: "schema" }
      : { id, by: "schema", also: { where, because } };
  }),
);
