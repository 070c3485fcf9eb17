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

/** Not here, and a schema that uses them names nothing of theirs, or what it names is made with the hoster's ground. */
export const withoutObjects: ReadonlySet<string> = new Set([
  "address_standardizer",
  "aws_commons",
  "aws_lambda",
  "aws_s3",
  "azure",
  "google_ml_integration",
  "hypopg",
  "index_advisor",
  "pageinspect",
  "pg_failover_slots",
  "pg_graphql",
  "pg_hint_plan",
  "pg_prewarm",
  "pg_repack",
  "pg_stat_monitor",
  "pg_tle",
  "pg_wait_sampling",
  "pg_walinspect",
  "pgaudit",
  "pldbgapi",
  "plpgsql_check",
  "postgis_raster",
  "postgis_sfcgal",
  "postgis_tiger_geocoder",
  "postgis_topology",
  "rds_tools",
  "rum",
  "supabase_vault",
  "system_stats",
  "timescaledb_toolkit",
  "wrappers",
]);
