/**
 * Targets that are not what their migrations make: compared with a reference at their own version, told in words, equal ones together. Reads only;
 * it never repairs.
 */
import { createHash } from "node:crypto";
import { diffSnapshots, readSnapshot, type Snapshot } from "@watertight/schema";
import { BatchFailure, TargetConnection } from "../apply/connection.ts";
import { readLedger } from "../apply/ledger.ts";
import { MigrationError } from "../migration-error.ts";
import { readVersion } from "../release/schema-version.ts";
import { filesFor, type Release, type ReleaseFile } from "../release/release.ts";
import { type ConnectConfig, databaseKey, requireTarget, scopeOf, type Target } from "../target.ts";
import { Lanes } from "../waves/lanes.ts";
import { digest, normalise, withoutOwners } from "./normalise.ts";
import { databaseReference, schemaReference } from "./reference.ts";

/** How to look. */
export interface DriftOptions {
  /**
   * Where the reference is built and rolled back: an empty database with the kit, on a server of the same version. For schema tenants it may be left
   * out where the migrator may create schemas in their own database.
   */
  readonly reference?: ConnectConfig;
  /** Connections for each server; default 4. */
  readonly concurrency?: number;
}

/** Targets that differ in the same way. */
export interface DriftGroup {
  /** Of the differences. */
  readonly hash: string;
  /** In words, from what it should be to what it is. */
  readonly differences: readonly string[];
  readonly count: number;
  readonly targets: readonly string[];
}

/** What was found. */
export interface DriftReport {
  readonly release: string;
  readonly targets: number;
  /** Exactly what their migrations make. */
  readonly clean: number;
  /** The largest first. */
  readonly groups: readonly DriftGroup[];
  readonly problems: readonly { readonly target: string; readonly message: string }[];
}

interface Reference {
  readonly snapshot: Snapshot;
  readonly digest: string;
  readonly schemas: readonly string[] | null;
}

/**
 * Looks for drift.
 * @throws MigrationError WT_MIGRATION_TARGET, WT_MIGRATION_OPTION where a reference database is needed and not given
 * @example for (const { count, differences } of (await findDrift(targets, release)).groups) console.log(count, differences);
 */
export async function findDrift(
  targets: readonly Target[],
  release: Release,
  { reference, concurrency = 4 }: DriftOptions = {},
): Promise<DriftReport> {
  for (const target of targets) {
    requireTarget(target);
    if (target.schema === undefined && reference === undefined)
      throw new MigrationError("WT_MIGRATION_OPTION", { detail: `${target.id} needs a reference database` });
  }
  const lanes = new Lanes({ concurrency });
  const references = new Map<string, Promise<Reference>>();
  const found = new Map<string, string[]>();
  const problems: { target: string; message: string }[] = [];
  try {
    await lanes.each(
      targets.map((target) => ({ target })),
      async ({ target }, connect) => {
        try {
          found.set(target.id, await compare(await connect(), target, release, references, reference));
        } catch (error) {
          problems.push({ target: target.id, message: (error as Error).message });
        }
      },
    );
  } finally {
    await lanes.close();
  }
  return {
    release: release.id,
    targets: targets.length,
    clean: [...found.values()].filter((differences) => differences.length === 0).length,
    groups: grouped(targets, found),
    problems,
  };
}

async function compare(
  connection: TargetConnection,
  target: Target,
  release: Release,
  references: Map<string, Promise<Reference>>,
  empty: ConnectConfig | undefined,
): Promise<string[]> {
  const ledger = (await readLedger(connection, target)) ?? [];
  const ran = new Set(ledger.filter(({ stepsDone }) => stepsDone > 0).map(({ name }) => name));
  // what was begun and not finished differs by right, and is told as the difference that it is
  const files = filesFor(release, scopeOf(target.model)).filter(({ name }) => ran.has(name));
  const key = JSON.stringify([
    target.schema === undefined ? target.model : databaseKey(target),
    target.searchPath ?? [],
    files.map(({ name }) => name),
  ]);
  let expected = references.get(key);
  if (expected === undefined) {
    // one after the other: they make tables of the same names, in the same database where one is given for all
    const before = [...references.values()].at(-1);
    expected = (before ?? Promise.resolve()).then(
      () => referenceOf(target, files, empty),
      () => referenceOf(target, files, empty),
    );
    references.set(key, expected);
  }
  const { snapshot, digest: expectedDigest, schemas } = await expected;
  const own = target.schema === undefined ? schemas! : [target.schema];
  const actual = normalise(await readSnapshot(reader(connection), { schemas: own }), own, target);
  // a database that was there before us has owners of its own
  const differences =
    target.place?.adopted === true
      ? diffSnapshots(withoutOwners(snapshot), withoutOwners(actual)).map(({ text }) => text)
      : digest(actual) === expectedDigest
        ? []
        : diffSnapshots(snapshot, actual).map(({ text }) => text);
  return [...(await versionDifference(connection, target, release, ran)), ...differences];
}

/** A schema version that says more than the ledger: after a schema was restored from a backup. */
async function versionDifference(
  connection: TargetConnection,
  target: Target,
  release: Release,
  ran: ReadonlySet<string>,
): Promise<string[]> {
  const { rows } = await connection.query("select schema_version as version from watertight.fence where tenant = $1", [
    target.tenants?.[0] ?? target.id,
  ]);
  const said = readVersion((rows[0] as { version: string | null } | undefined)?.version)?.position ?? 0;
  const first = filesFor(release, scopeOf(target.model)).find(
    ({ name, position }) => position <= said && !ran.has(name),
  );
  return first === undefined ? [] : [`schema version: says ${said}, but the ledger lacks ${first.name}`];
}

/** On a connection of its own: the lane's is in use by the comparison that waits for it. */
async function referenceOf(
  target: Target,
  files: readonly ReleaseFile[],
  empty: ConnectConfig | undefined,
): Promise<Reference> {
  const connection = await TargetConnection.open(empty ?? target.connect);
  try {
    if (target.schema !== undefined) {
      const snapshot = await schemaReference(connection, target, files);
      return { snapshot, digest: digest(snapshot), schemas: null };
    }
    const { snapshot, schemas } = await databaseReference(connection, target, files);
    return { snapshot, digest: digest(snapshot), schemas };
  } catch (error) {
    if (!(error instanceof BatchFailure) || error.sqlstate !== "42501") throw error;
    throw new MigrationError("WT_MIGRATION_OPTION", {
      detail: `the reference: ${error.message}`,
      next: "Name an empty database with the kit as reference, or a role that may create schemas.",
      cause: error,
      sqlstate: error.sqlstate,
    });
  } finally {
    await connection.end();
  }
}

const reader = (connection: TargetConnection): { query: TargetConnection["query"] } => ({
  query: (text, params) => connection.query(text, params),
});

function grouped(targets: readonly Target[], found: ReadonlyMap<string, readonly string[]>): DriftGroup[] {
  const groups = new Map<string, { differences: readonly string[]; targets: string[] }>();
  for (const { id } of targets) {
    const differences = found.get(id) ?? [];
    if (differences.length === 0) continue;
    const hash = createHash("sha256").update(differences.join("\n")).digest("hex").slice(0, 16);
    const group = groups.get(hash) ?? { differences, targets: [] };
    group.targets.push(id);
    groups.set(hash, group);
  }
  return [...groups]
    .map(([hash, group]) => ({ hash, ...group, count: group.targets.length }))
    .toSorted((a, b) => b.count - a.count);
}
