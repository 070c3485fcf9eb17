/** What a step is given, made from what its run holds. Everything that it writes into the catalog goes through the run's lease. */
import { withConnection } from "../db/transaction.ts";
import type { StepContext } from "./operation.ts";
import { writeOperationEvent } from "./operation-rows.ts";

/** A context from its parts. */
export function stepContext<I>(parts: Omit<StepContext<I>, "willMake" | "progress">): StepContext<I> {
  const { id } = parts.operation;
  return {
    ...parts,
    willMake: (...records) =>
      parts.commit(async (tx) => {
        await tx.query(
          `insert into watertight_catalog.cleanup (operation, cell, kind, name, database)
           select $1, r.cell, r.kind, r.name, coalesce(r.database, '') from pg_catalog.jsonb_to_recordset($2) r(cell text, kind text, name text, database text)
           on conflict (operation, cell, kind, database, name) do update set settled_at = null, settled_as = null`,
          [id, JSON.stringify(records)],
        );
      }),
    progress: (data) => withConnection(parts.catalog, (db) => writeOperationEvent(db, id, "progress", data)),
  };
}
