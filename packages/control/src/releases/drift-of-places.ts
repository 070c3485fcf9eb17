/**
 * Places that are not what their release makes, each cell compared with a reference on the cell itself: an empty database that is made for the question
 * and dropped. Must never leave one behind that lives longer than the next question, nor change a place.
 */
import { randomBytes } from "node:crypto";
import { quoteName, quoteText } from "@watertight/schema";
import pg from "pg";
import type { Actor } from "../audit-log/append-audit.ts";
import { cellUrl } from "../cells/cell-url.ts";
import { classRoles, makeClassRoles } from "../cells/class-roles.ts";
import { type CatalogPool, withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import { type DriftReport, findDrift } from "../migrations/drift/find-drift.ts";
import { prepareDatabase } from "../provision/fill-database.ts";
import type { PlacesOptions } from "./migrate-places.ts";
import { asMigrationSession } from "./migration-session.ts";
import { placeTargets, type PlaceTarget } from "./place-targets.ts";
import { readRelease } from "./release-rows.ts";

/** Drift of a service's places. */
export interface PlacesDrift extends DriftReport {
  readonly service: string;
}

/** Start of the names of reference databases. */
const prefix = "watertight_reference_";

/**
 * Looks for drift in the places of a service. Reads them only.
 * @throws ControlError WT_CATALOG_NOT_FOUND, WT_SECRET, WT_CELL_UNREACHABLE
 */
export async function driftOfPlaces(
  pool: CatalogPool,
  actor: Actor,
  { service = "main", secrets, concurrency = 4, classPrefix }: PlacesOptions & { readonly classPrefix?: string },
): Promise<PlacesDrift> {
  const release = await withConnection(pool, (db) => readRelease(db, service));
  return asMigrationSession(pool, actor, "drift", service, async (application) => {
    const targets = await placeTargets(pool, secrets, service, application);
    const reports: DriftReport[] = [];
    for (const cell of new Set(targets.map((each) => each.cell))) {
      const own = targets.filter((each) => each.cell === cell);
      reports.push(
        await withReference(own, classPrefix, (connectionString) =>
          findDrift(own, release, { concurrency, reference: { connectionString } }),
        ),
      );
    }
    return { service, ...together(release.id, reports) };
  });
}

/** Equal differences of several cells are one group. */
function together(release: string, reports: readonly DriftReport[]): DriftReport {
  const groups = new Map<string, DriftReport["groups"][number]>();
  for (const group of reports.flatMap((report) => report.groups)) {
    const known = groups.get(group.hash);
    const targets = [...(known?.targets ?? []), ...group.targets];
    groups.set(group.hash, { ...group, targets, count: targets.length });
  }
  const sum = (of: (report: DriftReport) => number): number => reports.reduce((all, report) => all + of(report), 0);
  return {
    release,
    targets: sum((report) => report.targets),
    clean: sum((report) => report.clean),
    groups: [...groups.values()].toSorted((a, b) => b.count - a.count),
    problems: reports.flatMap((report) => report.problems),
  };
}

async function withReference<T>(
  places: readonly PlaceTarget[],
  classPrefix: string | undefined,
  work: (connectionString: string) => Promise<T>,
): Promise<T> {
  const url = places[0]!.home.connectionString!;
  const roles = classRoles(classPrefix);
  const name = `${prefix}${randomBytes(6).toString("hex")}`;
  const admin = await connected(url, places[0]!.cell);
  try {
    await dropForgotten(admin);
    await makeClassRoles(admin, roles);
    await admin.query(`create database ${quoteName(name)} template template0`);
    await admin.query(
      `revoke all on database ${quoteName(name)} from public; comment on database ${quoteName(name)} is ${quoteText(`watertight reference ${new Date().toISOString()}`)}`,
    );
    const inside = await connected(cellUrl(url, name), places[0]!.cell);
    await prepareDatabase(inside, roles).finally(() => inside.end());
    return await work(cellUrl(url, name));
  } finally {
    await admin.query(`drop database if exists ${quoteName(name)} with (force)`).catch(() => {});
    await admin.end();
  }
}

/** What somebody's killed process left: an hour old, by its own comment. */
async function dropForgotten(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ name: string; comment: string | null }>(
    `select d.datname as name, pg_catalog.shobj_description(d.oid, 'pg_database') as comment from pg_catalog.pg_database d
      where d.datname like $1 and pg_catalog.pg_has_role(d.datdba, 'usage')`,
    [`${prefix.replaceAll("_", "\\_")}%`],
  );
  for (const { name, comment } of rows) {
    const made = Date.parse(/^watertight reference (\S+)$/.exec(comment ?? "")?.[1] ?? "");
    if (made < Date.now() - 3600_000) await admin.query(`drop database if exists ${quoteName(name)} with (force)`);
  }
}

async function connected(connectionString: string, cell: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw controlError("WT_CELL_UNREACHABLE", { detail: `cell ${cell}: ${(error as Error).message}`, cause: error });
  }
}
