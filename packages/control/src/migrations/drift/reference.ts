/**
 * What a target should look like: its migrations run into an empty schema (or an empty database), looked at, and rolled back. Must leave nothing
 * behind, and never run on a target's own objects.
 */
import { randomBytes } from "node:crypto";
import { quoteName, readSnapshot, type Snapshot } from "@watertight/schema";
import type { TargetConnection } from "../apply/connection.ts";
import { handOver } from "../apply/hand-over.ts";
import { protectNew } from "../apply/protect-new.ts";
import { withinTransaction } from "../apply/within-transaction.ts";
import type { ReleaseFile } from "../release/release.ts";
import type { StepStatement } from "../release/steps.ts";
import { searchPathOf, type Target } from "../target.ts";
import { normalise } from "./normalise.ts";

/** A statement as it may run in a transaction: without CONCURRENTLY, and nothing that only moves storage. */
function inTransaction(files: readonly ReleaseFile[]): StepStatement[] {
  return files.flatMap(({ steps }) =>
    steps.flatMap((step) => {
      if (step.kind === "transaction") return step.statements;
      if (step.action.what === "vacuum" || step.action.what === "reindex") return [];
      return [{ ...step.statement, text: step.statement.text.replace(/\bconcurrently\b/i, "") }];
    }),
  );
}

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
    ]);
    return normalise(await readSnapshot(withinTransaction(connection), { schemas: [schema] }), [schema], schema);
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
    if (["pool", "silo"].includes(target.model)) await protectNew(connection, statements, 5_000);
    const snapshot = await readSnapshot(withinTransaction(connection));
    const schemas = ordinary(snapshot);
    return { snapshot: normalise(snapshot, schemas), schemas };
  } finally {
    await connection.clear();
  }
}
