/**
 * Operator classes whose comparison PostgreSQL marks leakproof. Read from the catalogs of 15 and 18, where they are the same; a test compares them
 * with the servers of the run. Everything else, all of GIN, and what extensions bring is leaky.
 */

/** B-tree and hash. */
export const leakproofClasses: ReadonlySet<string> = new Set(
  (
    "bit_ops bool_ops bpchar_ops bpchar_pattern_ops bytea_ops char_ops cid_ops cidr_ops date_ops float4_ops float8_ops inet_ops int2_ops int4_ops int8_ops " +
    "interval_ops macaddr8_ops macaddr_ops money_ops name_ops oid_ops oidvector_ops pg_lsn_ops text_ops text_pattern_ops tid_ops time_ops timestamp_ops " +
    "timestamptz_ops timetz_ops uuid_ops varbit_ops varchar_ops varchar_pattern_ops xid8_ops xid_ops"
  ).split(" "),
);

/** Made for LIKE, whose operator is leaky although the class is not. */
export const patternClasses: ReadonlySet<string> = new Set([
  "bpchar_pattern_ops",
  "text_pattern_ops",
  "varchar_pattern_ops",
]);
