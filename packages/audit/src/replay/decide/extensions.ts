/**
 * What is known of extensions: which come with the binaries and do no harm although they are not marked as trusted.
 */

/** Shipped with PostgreSQL, superuser-only by default, without a way to files, programs or other servers. Their install scripts only declare. */
export const harmlessExtensions: ReadonlySet<string> = new Set([
  "amcheck",
  "autoinc",
  "bloom",
  "dict_xsyn",
  "earthdistance",
  "insert_username",
  "intagg",
  "moddatetime",
  "pg_buffercache",
  "pg_freespacemap",
  "pg_stat_statements",
  "pg_visibility",
  "pgrowlocks",
  "pgstattuple",
  "refint",
  "sslinfo",
]);
