/**
 * What a new place holds, from the released files of its service: the same statements that bring an older place there, and the ledger that says so, so
 * that the next release finds both alike. Must never make a place from files that were not released.
 */
import { quoteName, quoteQualified } from "@watertight/schema";
import type { Model } from "../catalog/tenants.ts";
import { type CatalogPool, withConnection } from "../db/transaction.ts";
import { ledgerTableOf, recordIn } from "../migrations/apply/ledger.ts";
import { inTransaction } from "../migrations/release/in-transaction.ts";
import { filesFor, type Release, type ReleaseFile } from "../migrations/release/release.ts";
import { schemaVersion } from "../migrations/release/schema-version.ts";
import { ledgerTable } from "../migrations/target.ts";
import { closeSchema } from "../provision/schema-fence.ts";
import type { ProvisioningSetting, SchemaPlace, SchemaSource } from "../provision/schema-source.ts";
import { readRelease } from "./release-rows.ts";

const databaseLedger = "watertight.release_ledger";
// the name alone: it lands in the tenant's schema, as everything else does
const schemaLedger = quoteName(ledgerTable);

/**
 * The source of provisioning for the services of a catalog: their newest releases.
 * @example const kinds = provisioningKinds({ secrets, schemaOf: releasedSchemas(pool) });
 */
export function releasedSchemas(pool: CatalogPool): ProvisioningSetting["schemaOf"] {
  const made = new Map<string, SchemaSource>();
  return async (service) => {
    const version = await withConnection(pool, async (db) => {
      const { rows } = await db.query(
        "select max(version) as version from watertight_catalog.release where service = $1",
        [service],
      );
      return rows[0]?.["version"] as number | null;
    });
    const known = made.get(service);
    // a release never changes: what was made of it stays right
    if (known !== undefined && known.version === version) return known;
    const source = sourceOf(await withConnection(pool, (db) => readRelease(db, service)));
    made.set(service, source);
    return source;
  };
}

/** What a release makes of an empty place. Pure. */
export function sourceOf(release: Release): SchemaSource {
  const shared = filesFor(release, "pool");
  const own = filesFor(release, "tenant");
  const alike = shared.length === own.length && shared.every(({ name }, i) => name === own[i]!.name);
  const statements = inTransaction(shared);
  const tables = new Set(
    statements.flatMap(({ table }) => (table === null ? [] : [quoteQualified(table.schema || "public", table.name)])),
  );
  const version = release.files.length;
  const unqualified = staysInside(own);
  const models: Model[] = ["pool", "silo"];
  // databases of one tenant and those of several are copies of one template
  if (alike) models.push("database");
  if (unqualified) models.push("schema");
  return {
    version,
    database: [...statements.map(({ text }) => text), ...shared.map((file) => recordIn(databaseLedger, file))],
    tables: [],
    perhaps: [...tables],
    ...(unqualified
      ? {
          schema: [
            ...inTransaction(own).map(({ text }) => text),
            ...ledgerTableOf(schemaLedger),
            ...own.map((file) => recordIn(schemaLedger, file)),
          ],
        }
      : {}),
    upgrade: (model, from, place) => upgrade(model === "schema" ? own : shared, from, place),
    baseline: (at) =>
      at > version
        ? undefined
        : shared.filter(({ position }) => position <= at).map((file) => recordIn(databaseLedger, file)),
    versionText: (at) => (at <= version ? schemaVersion(release, at) : String(at)),
    models,
  };
}

/** Whether every table lands in the schema of its tenant: one that names a schema would be made for the first tenant and be in the second one's way. */
function staysInside(files: readonly ReleaseFile[]): boolean {
  return inTransaction(files).every(
    ({ table, type }) => type !== "CreateSchemaStmt" && (table === null || table.schema === ""),
  );
}

/** For a place that a release overtook while it was made; undefined where only making it anew closes what the release brings. */
function upgrade(files: readonly ReleaseFile[], from: number, place: SchemaPlace): string[] | undefined {
  const later = files.filter(({ position }) => position > from);
  const statements = inTransaction(later);
  // a value that was added to an enum can't be used in the transaction that adds it
  if (statements.some(({ type }) => type === "AlterEnumStmt")) return undefined;
  const { schema, tenant } = place;
  if (schema === null && statements.some(({ creates }) => creates !== "")) return undefined;
  return [
    ...statements.map(({ text }) => text),
    ...later.map((file) => recordIn(schema === null ? databaseLedger : schemaLedger, file)),
    ...(schema === null || tenant === null ? [] : [closeSchema({ ...place, schema, tenant })]),
  ];
}
