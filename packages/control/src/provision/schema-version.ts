/**
 * The version of a place's schema, kept inside the place in the transaction of the statements that made it. Must never be read from the catalog
 * to decide what may be served.
 */
import { quoteName, type Queryable } from "@watertight/schema";
import type { Model } from "../catalog/tenants.ts";
import { controlError } from "../errors/control-error.ts";
import type { Place } from "./place.ts";
import type { SchemaSource } from "./schema-source.ts";

/** The setting of a place's kit that holds its version. */
export const settingOf = (schema: string | null): string =>
  schema === null ? "schema_version" : `schema_version:${schema}`;

/** The version of a database, or of a tenant's schema in it; 0 where nobody noted one. */
export async function versionOf(session: Queryable, schema: string | null): Promise<number> {
  const { rows } = await session.query("select value from watertight.setting where name = $1", [settingOf(schema)]);
  return Number(rows[0]?.["value"] ?? "0");
}

/** The role that owns the kit and the tables of a database. */
export async function kitOwner(session: Queryable): Promise<string> {
  const { rows } = await session.query("select value from watertight.setting where name = 'owner'");
  return rows[0]!["value"] as string;
}

/** @throws ControlError WT_CATALOG_INPUT where the service's schema can't be made in this model */
export function requireModel(source: SchemaSource, model: Model, service: string): void {
  if (source.models === undefined || source.models.includes(model)) return;
  throw controlError("WT_CATALOG_INPUT", {
    detail: `service ${service} has no tables for model ${model}, only for ${source.models.join(", ") || "none"}`,
    next: "What each file is for is said at its head: -- watertight: scope=pool,tenant",
  });
}

/** Changes the kit's own tables as the role that owns them, in one transaction that leaves nothing open on the session. */
export async function asKitOwner(
  session: Queryable,
  statements: readonly [text: string, ...params: unknown[]][],
): Promise<void> {
  const owner = await kitOwner(session);
  await session.query("begin");
  try {
    await session.query(`set local role ${quoteName(owner)}`);
    for (const [text, ...params] of statements) await session.query(text, params);
    await session.query("commit");
  } catch (error) {
    await session.query("rollback");
    throw error;
  }
}

/** Notes a version, in the caller's transaction. */
export async function noteVersion(session: Queryable, schema: string | null, version: number): Promise<void> {
  await session.query(
    "insert into watertight.setting (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
    [settingOf(schema), String(version)],
  );
}

/** Runs statements as the kit's owner, with the names of a schema first, and notes the version: all in one transaction. */
export async function runSchema(
  session: Queryable,
  schema: string | null,
  owner: string,
  statements: readonly string[],
  version: number,
): Promise<void> {
  await session.query("begin");
  try {
    await session.query(`set local role ${quoteName(owner)}`);
    await session.query(`set local search_path = ${schema === null ? "public" : quoteName(schema)}, pg_temp`);
    for (const statement of statements) await session.query(statement);
    await session.query("set local search_path = pg_catalog, pg_temp");
    await noteVersion(session, schema, version);
    await session.query("commit");
  } catch (error) {
    await session.query("rollback");
    throw error;
  }
}

/** Applies what is missing. @throws ControlError WT_CATALOG_STATE where there is no way from its version to the newest */
export async function bringUpToDate(
  session: Queryable,
  place: Place,
  source: SchemaSource,
  tenant: string | null,
): Promise<void> {
  const from = await versionOf(session, place.schema);
  if (from >= source.version) return;
  const statements = source.upgrade?.(place.schema === null ? "database" : "schema", from, { ...place, tenant });
  if (statements === undefined)
    throw controlError("WT_CATALOG_STATE", {
      detail: `${place.database} is at version ${from}, ${place.service} at ${source.version}`,
      next: "Build the newest template, then: watertight operations retry.",
    });
  await runSchema(session, place.schema, await kitOwner(session), statements, source.version);
}
