/**
 * Releases in the catalog: files that were checked and are kept for ever, with what runs of them. Any worker makes places from them, any machine brings
 * places to them. Must never keep files that nobody checked, nor answer with a release that is not what was kept.
 */
import { createHash } from "node:crypto";
import type { Queryable } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { lockService } from "../catalog/services.ts";
import { type CatalogPool, inTransaction, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import { type CheckRelease, refuseLeaks } from "../migrations/apply-release.ts";
import { MigrationError } from "../migrations/migration-error.ts";
import type { SourceMigration } from "../migrations/release/migration-reader.ts";
import { edited, makeRelease, refuseChanges, type Release, type ReleaseFile } from "../migrations/release/release.ts";
import type { ScopeOptions } from "../migrations/release/scope.ts";
import { postgresStore } from "../migrations/waves/postgres-store.ts";

/** A release of a service. */
export interface ServiceRelease {
  readonly service: string;
  /** How many files there are up to its end: what schema versions count in. */
  readonly version: number;
  /** What its files are together: the same content has the same name. */
  readonly name: string;
  /** Names of the files that came with it. */
  readonly added: readonly string[];
  readonly createdBy: string;
  readonly createdAt: Date;
}

/** How to release. */
export interface AddRelease {
  /** Default `main`. */
  readonly service?: string;
  /** The project's files, all of them, as a reader gave them. */
  readonly migrations: readonly SourceMigration[];
  /** Judges the files; `watertight migrations release` passes the audit's check of the place that they make. */
  readonly checkRelease: CheckRelease;
  readonly scopes?: ScopeOptions;
  /** Checks everything and keeps nothing. */
  readonly dryRun?: boolean;
}

type KeptFile = ReleaseFile & { readonly text: string };

const columns = `r.service, r.version, r.name, r.created_by as "createdBy", r.created_at as "createdAt",
  (select coalesce(pg_catalog.jsonb_agg(f.file -> 'name' order by f.n), '[]') from pg_catalog.jsonb_array_elements(r.files) with ordinality f(file, n)) as added`;

/**
 * Checks the files of a service, keeps what is new, and makes it the version of new tenants. Files that are all known already change nothing.
 * @example const { version } = await addRelease(pool, actor, { migrations: await readMigrations(process.cwd()), checkRelease });
 * @throws MigrationError WT_MIGRATION_LEAK, WT_MIGRATION_EDITED, WT_MIGRATION_MISSING, WT_MIGRATION_ORDER and those of makeRelease; ControlError
 * WT_CATALOG_NOT_FOUND
 */
export async function addRelease(pool: CatalogPool, actor: Actor, options: AddRelease): Promise<ServiceRelease> {
  const { service = "main", migrations, checkRelease, scopes = {}, dryRun = false } = options;
  const release = makeRelease(migrations, scopes);
  // refused before the check, which takes seconds, and again under the lock: somebody may have released meanwhile
  await withConnection(pool, (db) => refuseOther(db, service, release));
  refuseLeaks(release, await checkRelease(release.files));
  return inTransaction(pool, async (tx) => {
    await lockService(tx, service);
    const kept = await refuseOther(tx, service, release);
    const version = release.files.length;
    const fresh = release.files.slice(kept.files.length);
    if (dryRun || fresh.length === 0) return described(tx, service, release, fresh, actor);
    const texts = new Map(migrations.map(({ name, text }) => [name, text.replaceAll("\r\n", "\n")]));
    const files: KeptFile[] = fresh.map((file) => ({ ...file, text: texts.get(file.name)! }));
    await tx.query(
      "insert into watertight_catalog.release (service, version, name, checksum, files, created_by) values ($1, $2, $3, $4, $5, $6)",
      [service, version, release.id, release.files.at(-1)!.chain, JSON.stringify(files), actor.name],
    );
    await postgresStore({ query: (text, params) => tx.query(text, params as never) }, { service }).addReleased(
      fresh.map(({ name, position, file, checksum }) => ({ name, position, file, checksum })),
    );
    await tx.query(
      "update watertight_catalog.service set target_version = greatest(target_version, $2), version = version + 1 where id = $1",
      [service, version],
    );
    await appendAudit(tx, actor, "release.added", `service:${service}`, {
      version,
      release: release.id,
      added: fresh.map(({ name }) => name),
    });
    return described(tx, service, release, fresh, actor);
  });
}

async function described(
  db: Queryable,
  service: string,
  release: Release,
  fresh: readonly ReleaseFile[],
  actor: Actor,
): Promise<ServiceRelease> {
  const { rows } = await db.query(
    `select ${columns} from watertight_catalog.release r where r.service = $1 and r.version = $2`,
    [service, release.files.length],
  );
  if (rows.length > 0) return { ...(rows[0] as unknown as ServiceRelease), added: fresh.map(({ name }) => name) };
  const added = fresh.map(({ name }) => name);
  return {
    service,
    version: release.files.length,
    name: release.id,
    added,
    createdBy: actor.name,
    createdAt: new Date(),
  };
}

/** What is kept of the service, where the files agree with it. */
async function refuseOther(db: Queryable, service: string, release: Release): Promise<Release> {
  const kept = await readFiles(db, service);
  refuseChanges(release, kept.files);
  const last = kept.files.at(-1);
  if (last !== undefined && release.files[last.position - 1]?.chain !== last.chain)
    throw new MigrationError("WT_MIGRATION_ORDER", {
      detail: `the files up to ${last.file} come in another order than they were released in`,
      facts: { file: last.file },
    });
  return kept;
}

/** Releases of a service, the newest first. */
export async function listReleases(pool: CatalogPool, service: string = "main"): Promise<ServiceRelease[]> {
  return withConnection(pool, async (db) => {
    const { rows } = await db.query(
      `select ${columns} from watertight_catalog.release r where r.service = $1 order by r.version desc`,
      [service],
    );
    return rows as unknown as ServiceRelease[];
  });
}

/**
 * The newest release of a service, with all of its files.
 * @throws ControlError WT_CATALOG_NOT_FOUND where there is none; MigrationError WT_MIGRATION_EDITED where the catalog holds another text than was released
 */
export async function readRelease(db: Queryable, service: string = "main"): Promise<Release> {
  const release = await readFiles(db, service);
  if (release.files.length === 0)
    throw controlError("WT_CATALOG_NOT_FOUND", {
      detail: `a release of service ${service}`,
      next: "Release your migrations first: watertight migrations release",
    });
  return release;
}

async function readFiles(db: Queryable, service: string): Promise<Release> {
  const { rows } = await db.query("select files from watertight_catalog.release where service = $1 order by version", [
    service,
  ]);
  const kept = rows.flatMap((row) => row["files"] as KeptFile[]);
  let chain = "";
  const files = kept.map(({ text, ...file }) => {
    const checksum = sha256(text);
    chain = sha256(`${chain}${file.name}\n${checksum}\n`);
    if (checksum !== file.checksum || chain !== file.chain) throw edited({ file: file.file, checksum }, file.checksum);
    return file;
  });
  return { id: chain.slice(0, 16), files };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
