/**
 * What a target should look like: its migrations run into an empty schema (or an empty database), looked at, and rolled back. Must leave nothing
 * behind, and never run on a target's own objects.
 */
import { randomBytes } from "node:crypto";
import { quoteName, readSnapshot, type Snapshot } from "@watertight/schema";
import type { TargetConnection } from "../apply/connection.ts";
import { closeNew, handOver } from "../apply/hand-over.ts";
import { protectNew } from "../apply/protect-new.ts";
import { withinTransaction } from "../apply/within-transaction.ts";
import type { ReleaseFile } from "../release/release.ts";
import { inTransaction } from "../release/in-transaction.ts";
import { protectsNew, searchPathOf, type Target } from "../target.ts";
import { normalise } from "./normalise.ts";

/** Schemas of a database that migrations can have made. */
const ordinary = (snapshot: Snapshot): string[] =>
  snapshot.schemas.map(({ name }) => name).filter((name) => name !== "watertight");

/** What the migrations make of nothing, for a schema tenant, in the tenant's own database. */
export async function schemaReference(
  connection: TargetConnection,
  target: Target,
  files: readonly ReleaseFile[],
): Promise<Snapshot> {
  const schema = `watertight_reference_${randomBytes(6).toString("hex")}`;
  const path = searchPathOf({ ...target, schema })!;
  const statements = inTransaction(files);
  try {
    await connection.batch([
      "begin",
      `create schema ${quoteName(schema)} authorization ${quoteName(connection.speaker.owner)}`,
      `set local search_path = ${path}`,
      ...statements.map(({ text }) => text),
      ...handOver(statements, connection.speaker),
      ...closeNew(statements, { ...target, schema }),
    ]);
    return normalise(await readSnapshot(withinTransaction(connection), { schemas: [schema] }), [schema], {
      ...target,
      schema,
    });
  } finally {
    await connection.clear();
  }
}

/** The same for the shared tables of a database, in an empty database with the kit; its schemas are the ones to compare. */
export async function databaseReference(
  connection: TargetConnection,
  target: Target,
  files: readonly ReleaseFile[],
): Promise<{ readonly snapshot: Snapshot; readonly schemas: readonly string[] }> {
  const statements = inTransaction(files);
  try {
    await connection.batch([
      "begin",
      ...statements.map(({ text }) => text),
      ...handOver(statements, connection.speaker),
    ]);
    if (protectsNew(target)) await protectNew(connection, statements, 5_000);
    const snapshot = await readSnapshot(withinTransaction(connection));
    const schemas = ordinary(snapshot);
    return { snapshot: normalise(snapshot, schemas), schemas };
  } finally {
    await connection.clear();
  }
}
