/**
 * Brings the tenants of an application that runs already into the catalog: rows of its own table become active tenants of a location. In batches,
 * each a transaction; a second import adds only who is new. Must never change a tenant that is there.
 */
import type { Queryable } from "@watertight/schema";
import { quoteName, quoteQualified } from "@watertight/schema";
import { type Actor, appendAudit } from "../audit-log/append-audit.ts";
import { type CatalogPool, inTransaction } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import { getLocation } from "./placements.ts";
import { refused } from "./refused.ts";

/** One tenant of an application. */
export interface ImportedTenant {
  readonly id: string;
  readonly name: string;
  /** Default: made of the name. */
  readonly slug?: string | undefined;
}

/** Where imported tenants belong. */
export interface ImportTarget {
  readonly location: string;
  /** Default `main`. */
  readonly service?: string;
  /** Version of their schema; default 0. */
  readonly schemaVersion?: number;
}

/** What an import did. */
export interface ImportReport {
  readonly read: number;
  readonly added: number;
  /** There before, by id. */
  readonly known: number;
}

const batchSize = 2000;

/**
 * Imports tenants.
 * @param progress told after each batch
 * @throws ControlError WT_CATALOG_NOT_FOUND, WT_CATALOG_INPUT, WT_CATALOG_DUPLICATE (a slug that another tenant has)
 */
export async function importTenants(
  pool: CatalogPool,
  actor: Actor,
  tenants: AsyncIterable<ImportedTenant> | Iterable<ImportedTenant>,
  target: ImportTarget,
  progress: (report: ImportReport) => void = () => {},
): Promise<ImportReport> {
  let report: ImportReport = { read: 0, added: 0, known: 0 };
  let batch: ImportedTenant[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const added = await inTransaction(pool, (tx) => importBatch(tx, actor, batch, target));
    report = {
      read: report.read + batch.length,
      added: report.added + added,
      known: report.known + batch.length - added,
    };
    batch = [];
    progress(report);
  };
  for await (const tenant of tenants) {
    batch.push(tenant);
    if (batch.length === batchSize) await flush();
  }
  await flush();
  return report;
}

async function importBatch(
  tx: Queryable,
  actor: Actor,
  batch: readonly ImportedTenant[],
  target: ImportTarget,
): Promise<number> {
  const { service = "main", schemaVersion = 0 } = target;
  const location = await getLocation(tx, target.location);
  if (location.state !== "ready")
    throw controlError("WT_CATALOG_STATE", { detail: `location ${location.id} is ${location.state}, not ready` });
  const { rows: released } = await tx.query(
    "select min_version from watertight_catalog.service where id = $1 for share",
    [service],
  );
  if (released.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `service ${service}` });
  const least = released[0]!["min_version"] as number;
  if (schemaVersion < least)
    throw controlError("WT_CATALOG_STATE", {
      detail: `schema version ${schemaVersion} is below ${least}, which ${service} serves`,
    });
  const { rows } = await tx
    .query(
      `with given as (
         select * from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) g(id, slug, name)
       ), added as (
         insert into watertight_catalog.tenant (id, slug, name, state) select id, slug, name, 'active' from given on conflict (id) do nothing returning id
       )
       insert into watertight_catalog.placement (tenant, service, location, state, schema_version)
       select id, $4, $5, 'active', $6 from added returning tenant`,
      [
        batch.map(({ id }) => id),
        await slugsOf(tx, batch),
        batch.map(({ name }) => name),
        service,
        location.id,
        schemaVersion,
      ],
    )
    .catch((error: unknown) => {
      throw refused(error, "imported tenants");
    });
  if (rows.length > 0)
    await appendAudit(tx, actor, "tenants.imported", `location:${location.id}`, {
      count: rows.length,
      service,
      schemaVersion,
    });
  return rows.length;
}

// The plain one where nobody has it: people type it. One that somebody has, here or in the catalog, gets letters of the id.
async function slugsOf(tx: Queryable, batch: readonly ImportedTenant[]): Promise<string[]> {
  const plain = batch.map(({ name, slug }) => slug ?? plainSlug(name));
  const { rows } = await tx.query("select slug from watertight_catalog.tenant where slug = any ($1)", [plain]);
  const taken = new Set(rows.map((row) => row["slug"] as string));
  return batch.map(({ id, name, slug }, at) => {
    if (slug !== undefined) return slug;
    const own = plain[at]!;
    if (taken.has(own)) return slugOf(name, id);
    taken.add(own);
    return own;
  });
}

/**
 * A slug of a name: its letters and digits without accents.
 * @example plainSlug("Müller & Söhne") // muller-sohne
 */
export function plainSlug(name: string): string {
  const words = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return words === "" ? "tenant" : words;
}

/**
 * The same with letters of the id, for the second tenant of a name.
 * @example slugOf("Müller & Söhne", "7a0e11f2-…") // muller-sohne-39l4uaf1if1tt
 */
export function slugOf(name: string, id: string): string {
  let hash = 0xcbf29ce484222325n;
  // the whole id counts: ids are often numbers, or alike at their beginning (FNV-1a)
  for (const byte of Buffer.from(id)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return `${plainSlug(name)}-${hash.toString(36).padStart(13, "0")}`;
}

/** The tenants of an application's own table, in pages by id. The connection must see all rows. */
export async function* tenantsOfTable(
  db: Queryable,
  from: { readonly table: string; readonly id: string; readonly name: string; readonly slug?: string | undefined },
): AsyncGenerator<ImportedTenant> {
  const [schema, table] = from.table.includes(".")
    ? (from.table.split(".", 2) as [string, string])
    : ["public", from.table];
  const id = quoteName(from.id);
  const slug = from.slug === undefined ? "null" : `${quoteName(from.slug)}::text`;
  let after: string | undefined;
  for (;;) {
    const { rows } = await db.query(
      `select ${id}::text as id, ${quoteName(from.name)}::text as name, ${slug} as slug from ${quoteQualified(schema, table)}
        where $1::text is null or ${id}::text collate "C" > $1 order by ${id}::text collate "C" limit ${batchSize}`,
      [after ?? null],
    );
    for (const row of rows)
      yield {
        id: row["id"] as string,
        name: (row["name"] as string | null) ?? (row["id"] as string),
        slug: (row["slug"] as string | null) ?? undefined,
      };
    if (rows.length < batchSize) return;
    after = rows.at(-1)!["id"] as string;
  }
}
