/**
 * Channels that every PostgreSQL database has, whatever its policies say. Printed once, never as findings: no schema has them and none is without.
 * Each says what closes or narrows it.
 */

/** One channel. */
export interface Residual {
  readonly vector: string;
  readonly text: string;
}

/** All of them. They need SQL text of one's own: an injection, or a role that is given to people. */
export const residuals: readonly Residual[] = [
  { vector: "G1", text: "EXPLAIN shows estimates made from all tenants' rows. Never show plans to tenants." },
  { vector: "G2", text: "EXPLAIN ANALYZE counts the rows that a policy removed. Never show plans to tenants." },
  {
    vector: "G3",
    text: "Sizes and counters of all tables are public (reltuples, pg_stat_user_tables, pg_relation_size).",
  },
  {
    vector: "G4",
    text: "Sessions of the same role see each other's statements. Send values as bind parameters; a role for each cell; the kit revokes pg_stat_activity.",
  },
  { vector: "G7", text: "Times of queries depend on all tenants' rows. Not measured." },
  {
    vector: "G9",
    text: "The catalog is public: names, bodies of functions, policies, comments, bounds of partitions. Give no tenant a name there.",
  },
  { vector: "H3", text: "Names of databases and roles are public in the cluster. Use names without meaning." },
  {
    vector: "F15",
    text: "Who may write may lock a table and end the role's own sessions. Set lock_timeout, statement_timeout and idle_in_transaction_session_timeout.",
  },
];
