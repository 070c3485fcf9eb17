/**
 * Figures that advice rests on: published caps and committed measurements, each with the words and the file that it stands in. A test reads the files. Must
 * never hold a figure that nobody measured or published.
 */

/** A figure and where it stands. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  /** File of this repository. */
  readonly source: string;
  /** As the file says it. */
  readonly words: string;
}

const figure = (value: number, unit: string, source: string, words: string): Figure => ({ value, unit, source, words });

/** All of them. */
export const figures = {
  databasesOfCell: figure(
    1000,
    "tenant databases of a cell",
    "packages/control/sql/0001_catalog.sql",
    "max_databases integer not null default 1000",
  ),
  schemasOfDatabase: figure(
    1000,
    "tenant schemas of a database",
    "packages/control/sql/0001_catalog.sql",
    "max_schemas integer not null default 1000",
  ),
  poolTenantsOfCell: figure(
    1_000_000,
    "tenants in the shared tables of a cell",
    "packages/control/sql/0001_catalog.sql",
    "max_pool_tenants integer not null default 1000000",
  ),
  fullAt: figure(0.8, "of a cap", "docs/control.md", "At 80 % of `max_databases`"),
  listCost: figure(
    1.32,
    "times an unscoped list query, level sealed",
    "docs/performance.md",
    "| latency, sealed, list, raw | <= 1.40 | 1.32 | yes |",
  ),
  pointCost: figure(
    1.9,
    "times an unscoped query by key, level sealed",
    "docs/performance.md",
    "| latency, sealed, point, raw | <= 2.50 | 1.90 | yes |",
  ),
  copyCost: figure(
    3,
    "times the server's bare copy at most, to make a database of 50 tables",
    "docs/control.md",
    "A database tenant of 50 tables takes two to three times the server's bare copy",
  ),
  quietAlone: figure(27, "ms, 99th percentile of quiet tenants alone", "docs/fleet.md", "alone 27 ms"),
  quietBeside: figure(
    39,
    "ms, the same beside one tenant with 200 calls in flight",
    "docs/fleet.md",
    "p99 of twenty quiet tenants 39 ms",
  ),
  quietFifo: figure(490, "ms, the same without fair queues", "docs/fleet.md", "in one line for all 490 ms"),
} as const satisfies Readonly<Record<string, Figure>>;

/** How often a connection to the right database is open already, requests by Zipf 1.0. */
export const hitRates: readonly (Figure & { readonly databases: number; readonly connections: number })[] = [
  [1000, 50, 0.46],
  [1000, 200, 0.7],
  [1000, 800, 0.96],
  [10_000, 50, 0.31],
  [10_000, 200, 0.47],
  [10_000, 800, 0.65],
].map(([databases = 0, connections = 0, value = 0]) => ({
  databases,
  connections,
  ...figure(
    value,
    `of requests find an open connection, with ${databases} databases and ${connections} connections`,
    "docs/fleet.md",
    "with 1,000 databases 46 % at 50 connections, 70 % at 200, 96 % at 800; with 10,000 databases 31 %, 47 %, 65 %",
  ),
}));
