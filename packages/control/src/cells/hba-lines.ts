/**
 * pg_hba lines of a cell, from the catalog: who may connect to which database, so that a lost REVOKE alone opens nothing. The order decides
 * (the first line that matches is the only one), so the lines stand together and before any of the operator's own that say `all`.
 */
import type { Queryable } from "@watertight/schema";
import { placeRoles } from "../provision/names.ts";

/** How connections come in. */
export interface HbaOptions {
  /** Default `hostssl`. */
  readonly type?: "host" | "hostssl";
  /** Default `all`. */
  readonly address?: string;
  /** Default `scram-sha-256`. */
  readonly method?: string;
  /** The provisioner's role: it goes everywhere. */
  readonly provisioner: string;
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Renders the lines for databases that have roles of their own.
 * @example renderHbaLines(["t_acme_6f1d…"], { provisioner: "watertight_provisioner" });
 */
export function renderHbaLines(databases: readonly string[], options: HbaOptions): string[] {
  const { type = "hostssl", address = "all", method = "scram-sha-256", provisioner } = options;
  const names = databases.toSorted();
  return [
    `${type} all ${quote(provisioner)} ${address} ${method}`,
    ...names.flatMap((database) => [
      `${type} ${quote(database)} +${quote(placeRoles(database).group)} ${address} ${method}`,
      // host: matches with and without TLS, so nobody else comes in on either road
      `host ${quote(database)} all all reject`,
      `host all +${quote(placeRoles(database).group)} all reject`,
    ]),
  ];
}

/** Databases of a cell that have roles of their own, as the catalog knows them. */
async function databasesWithRoles(catalog: Queryable, cell: string): Promise<string[]> {
  const { rows } = await catalog.query(
    "select database from watertight_catalog.location where cell = $1 and schema is null and made_by is not null and state <> 'retired' order by database",
    [cell],
  );
  return rows.map((row) => row["database"] as string);
}

/** The lines of a cell. @example const lines = await hbaLines(db, "eu-1", { provisioner: "watertight_provisioner" }); */
export async function hbaLines(catalog: Queryable, cell: string, options: HbaOptions): Promise<string[]> {
  return renderHbaLines(await databasesWithRoles(catalog, cell), options);
}
