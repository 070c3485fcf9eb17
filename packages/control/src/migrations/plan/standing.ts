/**
 * Who is behind, and by what: one query for each database where the schema versions tell, the ledgers where they don't. Reads only.
 */
import type { TargetConnection } from "../apply/connection.ts";
import { type LedgerEntry, readLedger } from "../apply/ledger.ts";
import { missingAfter, missingIn, standingOf } from "../apply/units.ts";
import { filesFor, type Release, type ReleaseFile } from "../release/release.ts";
import { schemaVersion } from "../release/schema-version.ts";
import { databaseKey, ledgerTable, requireTarget, scopeOf, sharedRows, type Target } from "../target.ts";
import type { Lanes } from "../waves/lanes.ts";

/** Where a target stands. */
export interface TargetStanding {
  readonly target: Target;
  /** As its fence row says. */
  readonly version: string | null;
  readonly missing: readonly ReleaseFile[];
  /** Nothing is missing, but the version has to move: the newer migrations concern others. */
  readonly onlyVersion: boolean;
  /** Of `missing`, one was begun and not finished. */
  readonly begun: boolean;
  /** Why it could not be read. */
  readonly problem: { readonly code: string; readonly message: string } | null;
}

/** How to read. */
export interface StandingOptions {
  /**
   * Read every ledger, whatever the schema versions say: after a tenant's schema was restored from a backup its fence row is newer than its tables.
   * Default false: versions move in the transactions of the ledgers, and one query reads a thousand of them.
   */
  readonly readLedgers?: boolean;
}

/** Reads where every target stands, in the order given. @throws MigrationError WT_MIGRATION_TARGET */
export async function readStandings(
  targets: readonly Target[],
  release: Release,
  lanes: Lanes,
  { readLedgers = false }: StandingOptions = {},
): Promise<TargetStanding[]> {
  const databases = new Map<string, Target[]>();
  for (const target of targets) {
    requireTarget(target);
    const key = databaseKey(target);
    const known = databases.get(key);
    if (known === undefined) databases.set(key, [target]);
    else known.push(target);
  }
  const found = new Map<Target, TargetStanding>();
  await lanes.each(
    [...databases.values()].map((own) => ({ target: own[0]!, own })),
    async ({ own }, connect) => {
      try {
        for (const standing of await readDatabase(await connect(), own, release, readLedgers))
          found.set(standing.target, standing);
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        for (const target of own)
          if (!found.has(target)) found.set(target, { ...blank(target, null), problem: { code: code ?? "", message } });
      }
    },
  );
  return targets.map((target) => found.get(target)!);
}

const blank = (target: Target, version: string | null): TargetStanding => ({
  target,
  version,
  missing: [],
  onlyVersion: false,
  begun: false,
  problem: null,
});

/** The tenant whose fence row stands for the target. */
const fenceRow = ({ tenants, id }: Target): string => tenants?.[0] ?? id;

async function readDatabase(
  db: TargetConnection,
  targets: readonly Target[],
  release: Release,
  readLedgers: boolean,
): Promise<TargetStanding[]> {
  const schemas = targets.filter(({ schema }) => schema !== undefined);
  const versions = new Map<string, string | null>();
  if (schemas.length > 0) {
    const { rows } = await db.query(
      "select tenant, schema_version as version from watertight.fence where tenant = any($1)",
      [schemas.map(fenceRow)],
    );
    for (const { tenant, version } of rows as { tenant: string; version: string | null }[])
      versions.set(tenant, version);
  }
  const standings: TargetStanding[] = [];
  let withLedger: Set<string> | undefined;
  for (const target of targets) {
    const version = versions.get(fenceRow(target)) ?? null;
    const standing = target.schema === undefined || readLedgers ? "unknown" : standingOf(release, version);
    if (standing === "current") standings.push(blank(target, version));
    else if (standing === "behind") {
      const missing = missingAfter(release, target, version!);
      standings.push({ ...blank(target, version), missing, onlyVersion: missing.length === 0 });
    } else {
      withLedger ??= await schemasWithLedger(db);
      const has = target.schema === undefined || withLedger.has(target.schema);
      standings.push(await byLedger(db, target, release, version, has));
    }
  }
  return standings;
}

async function schemasWithLedger(db: TargetConnection): Promise<Set<string>> {
  const { rows } = await db.query(
    "select n.nspname::text as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relname = $1",
    [ledgerTable],
  );
  return new Set((rows as { name: string }[]).map(({ name }) => name));
}

async function byLedger(
  db: TargetConnection,
  target: Target,
  release: Release,
  version: string | null,
  has: boolean,
): Promise<TargetStanding> {
  const ledger: LedgerEntry[] = has ? ((await readLedger(db, target)) ?? []) : [];
  try {
    const missing = missingIn(release, target, ledger);
    const begun = ledger.some(({ state }) => state === "started");
    const isBehind = async (): Promise<boolean> =>
      target.schema === undefined ? versionIsLate(db, target, release) : version !== schemaVersion(release);
    // asked only where it is waited for: a question left alone would be cut off with the connection
    const isLate = missing.length === 0 && (await isBehind());
    // a version that is ahead of its ledger is worth nothing: then applying reads the ledger as well
    const said = missing.length > 0 ? null : version;
    return { ...blank(target, said), missing, begun, onlyVersion: isLate };
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    if (code !== "WT_MIGRATION_EDITED") throw error;
    return { ...blank(target, version), missing: filesFor(release, scopeOf(target.model)), problem: { code, message } };
  }
}

async function versionIsLate(db: TargetConnection, target: Target, release: Release): Promise<boolean> {
  const { rows } = await db.query(
    `select exists (select from watertight.fence where schema_version is distinct from $1 and ${sharedRows(target)} and ($2::text[] is null or tenant = any($2)))
         or $3 and not exists (select from watertight.setting where name = 'schema_version' and value = $4) as late`,
    [schemaVersion(release), target.tenants ?? null, target.place !== undefined, String(release.files.length)],
  );
  return (rows[0] as { late: boolean }).late;
}
