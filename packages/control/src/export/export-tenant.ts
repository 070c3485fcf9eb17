/**
 * Exports one tenant of any model, read as the tenant: the place's reading login, the tenant's own context, row security, one snapshot for all
 * tables. Must never read as anybody who sees more, and never look finished before it is.
 */
import { mkdir, open, readdir } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fleetPool } from "@watertight/runtime/fleet";
import { quoteName } from "@watertight/schema";
import pg from "pg";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { activePlacement } from "../catalog/placements.ts";
import { getTenant } from "../catalog/tenants.ts";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import { locationOf } from "../routes/location-of.ts";
import { readRoute, type Route } from "../routes/route.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { chooseTables } from "./choose-tables.ts";
import { type ExportedTable, type ExportManifest, fileOf, unfinishedFile, writeManifest } from "./manifest.ts";
import { type TableFacts, tableFactsText } from "./table-facts.ts";
import { type ReadingTransaction, writeTable } from "./write-table.ts";

/** What is exported, and where to. */
export interface ExportOptions {
  readonly secrets: Pick<Secrets, "read">;
  /** Id or slug. */
  readonly tenant: string;
  /** New or empty. */
  readonly folder: string;
  /** Default `main`. */
  readonly service?: string;
  /** Tables of all tenants that are to come along, as `schema.table`; default none. */
  readonly shared?: readonly string[];
  /** Protected tables that are to stay out. */
  readonly leaveOut?: readonly string[];
  /** Limit for one table, in milliseconds; default an hour. */
  readonly tableTimeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Told now and then, and waited for. */
  readonly progress?: (progress: ExportProgress) => void | Promise<void>;
}

/** How far it is. */
export interface ExportProgress {
  readonly table: string;
  /** Position of the table, from 1. */
  readonly number: number;
  readonly tables: number;
  /** Rows and bytes of this table so far. */
  readonly rows: number;
  readonly bytes: number;
}

/** What was exported. */
export interface ExportReport {
  readonly manifest: ExportManifest;
  /** SHA-256 of the manifest's file; it stands in the audit log as well. */
  readonly sha256: string;
}

/**
 * Exports a tenant.
 * @example const { manifest } = await exportTenant(pool, actor, { secrets, tenant: "acme", folder: "acme-export" });
 * @throws ControlError WT_CATALOG_NOT_FOUND, WT_CATALOG_STATE, WT_EXPORT_FOLDER, WT_EXPORT_UNPROTECTED, WT_EXPORT_FOREIGN_ROW, WT_SECRET
 */
export async function exportTenant(pool: CatalogPool, actor: Actor, options: ExportOptions): Promise<ExportReport> {
  const found = await findTenant(pool, options.tenant, options.service ?? "main");
  await prepareFolder(options.folder);
  const tell = (action: string, detail: Readonly<Record<string, unknown>>): Promise<unknown> =>
    inTransaction(pool, (tx) =>
      appendAudit(tx, actor, action, `tenant:${found.tenant}`, {
        service: found.service,
        location: found.route.location,
        ...detail,
      }),
    );
  // first the record, then the work: what cannot be recorded does not happen
  await tell("tenant.export_begun", { shared: options.shared ?? [], leaveOut: options.leaveOut ?? [] });
  try {
    const manifest = await readAsTenant(found, options);
    const sha256 = await writeManifest(options.folder, manifest);
    await tell("tenant.exported", {
      tables: manifest.tables.length,
      rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
      leftOut: manifest.leftOut.length,
      manifest: sha256,
    });
    return { manifest, sha256 };
  } catch (error) {
    // the error that ended it is the one to hear, also where the catalog is away by now
    await tell("tenant.export_failed", { code: (error as { code?: string }).code ?? "unknown" }).catch(() => {});
    throw error;
  }
}

interface Found {
  readonly tenant: string;
  readonly slug: string;
  readonly service: string;
  readonly schemaVersion: number;
  readonly route: Route;
}

async function findTenant(pool: CatalogPool, name: string, service: string): Promise<Found> {
  return withConnection(pool, async (db) => {
    const { id: tenant, slug, state } = await getTenant(db, name);
    const route = await readRoute(db, tenant, service);
    const placement = await activePlacement(db, tenant, service);
    // its own place would refuse as well
    if (route === undefined || placement === undefined || state !== "active")
      throw controlError("WT_CATALOG_STATE", {
        detail: `tenant ${slug} is ${state}${route === undefined ? `, and served nowhere for ${service}` : ""}`,
        next: "Only a tenant that is served can be read as itself; resume it first.",
      });
    return { tenant, slug, service, schemaVersion: placement.schemaVersion, route };
  });
}

async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if ((await readdir(folder)).length > 0) throw controlError("WT_EXPORT_FOLDER", { detail: folder });
    // exclusive: of two exports into one folder, one gets it
    await (await open(join(folder, unfinishedFile), "wx", 0o600)).close();
  } catch (error) {
    if ((error as { code?: string }).code === "WT_EXPORT_FOLDER") throw error;
    throw controlError("WT_EXPORT_FOLDER", {
      detail: `${folder}: ${(error as NodeJS.ErrnoException).code}`,
      cause: error,
    });
  }
}

async function readAsTenant(found: Found, options: ExportOptions): Promise<ExportManifest> {
  const location = await locationOf(found.route, options.secrets);
  const pool = fleetPool(pg, {
    routes: { locate: async () => location },
    budget: 1,
    // the catalog's id is the fence's id, whatever the type of the columns
    tenantIdType: "text",
    level: found.route.keySecret === null ? "plain" : "sealed",
    report: false,
    application_name: "watertight export",
    connectTimeoutMs: 10_000,
    queueTimeoutMs: 15_000,
  });
  try {
    const { tableTimeoutMs: statementTimeoutMs = 3_600_000, signal } = options;
    return await pool
      .for(found.tenant, { readOnly: true })
      .transaction((tx) => writeAll(tx as ReadingTransaction, found, options), {
        isolation: "repeatable read",
        readOnly: true,
        statementTimeoutMs,
        ...(signal === undefined ? {} : { signal }),
      });
  } finally {
    await pool.end();
  }
}

// How values are written, whatever the login's or the database's settings are.
const writtenForm = `select pg_catalog.set_config('datestyle', 'ISO, YMD', true), pg_catalog.set_config('timezone', 'UTC', true),
  pg_catalog.set_config('intervalstyle', 'postgres', true), pg_catalog.set_config('bytea_output', 'hex', true), pg_catalog.set_config('extra_float_digits', '1', true)`;

async function writeAll(
  tx: ReadingTransaction,
  { tenant, slug, service, schemaVersion, route }: Found,
  { folder, shared = [], leaveOut = [], progress = () => {} }: ExportOptions,
): Promise<ExportManifest> {
  await tx.query(writtenForm);
  const { rows: moment } = await tx.query(
    `select pg_catalog.to_char(pg_catalog.transaction_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, pg_catalog.pg_current_snapshot()::text as id`,
  );
  const { rows } = await tx.query(tableFactsText, [route.schema]);
  const { chosen, leftOut } = chooseTables(
    rows.map((row) => (row as { facts: TableFacts }).facts),
    { schema: route.schema ?? undefined, shared, leaveOut },
  );
  const tables: ExportedTable[] = [];
  for (const [position, { facts, shared: isShared, tenantColumn }] of chosen.entries()) {
    const table = `${facts.schema}.${facts.name}`;
    if (tenantColumn !== undefined) await refuseForeignRows(tx, facts, tenantColumn, tenant);
    const told = (count: number, bytes: number): void | Promise<void> =>
      progress({ table, number: position + 1, tables: chosen.length, rows: count, bytes });
    tables.push(await writeTable(tx, facts, folder, fileOf(position, facts.schema, facts.name), isShared, told));
  }
  return {
    format: "watertight-export",
    formatVersion: 1,
    tool: toolVersion(),
    tenant,
    slug,
    model: route.model,
    service,
    schemaVersion,
    snapshot: moment[0] as ExportManifest["snapshot"],
    tables,
    leftOut,
  };
}

// A second net under the floor: whatever a policy lets through, what leaves is this tenant's.
async function refuseForeignRows(
  tx: ReadingTransaction,
  facts: TableFacts,
  column: string,
  tenant: string,
): Promise<void> {
  const { rows } = await tx.query(
    `select exists (select from ${facts.id} where ${quoteName(column)}::text is distinct from $1) as foreign`,
    [tenant],
  );
  if ((rows[0] as { foreign: boolean }).foreign)
    throw controlError("WT_EXPORT_FOREIGN_ROW", { detail: `${facts.schema}.${facts.name}` });
}

// read, not imported: the file lies outside of what is compiled
function toolVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return `@watertight/control ${(JSON.parse(readFileSync(file, "utf8")) as { version: string }).version}`;
}
