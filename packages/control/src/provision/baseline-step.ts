/**
 * Step: a database that was there before us is at a release already. Its ledger says so from now on, and the next release begins there. Must never
 * write into a ledger that says something else: then somebody else keeps it.
 */
import { quoteText, type Queryable } from "@watertight/schema";
import { getCell } from "../catalog/cells.ts";
import { onPlace } from "../cells/on-place.ts";
import { withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { Step, StepContext } from "../operations/operation.ts";
import { findPlace, locationOf, type ProvisioningOptions } from "./place.ts";
import { asKitOwner, kitOwner, runSchema, versionOf } from "./schema-version.ts";

interface Baseline {
  readonly cell: string;
  readonly database: string;
  readonly service: string;
  readonly release?: number;
}

/** Notes the release of an adopted database, where one is named. */
export function baselineStep<I extends Baseline>({ secrets, schemaOf }: ProvisioningOptions): Step<I> {
  const there = async <T>(context: StepContext<I>, fn: (session: Queryable) => Promise<T>): Promise<T> => {
    const cell = await withConnection(context.catalog, (db) => getCell(db, context.input.cell));
    return onPlace(context as never, secrets, { cell, database: context.input.database }, fn);
  };
  return {
    name: "baseline",
    // both, or a worker that died in between would leave the catalog behind
    observe: async (context) => {
      const { release } = context.input;
      if (release === undefined) return true;
      const place = await withConnection(context.catalog, (db) => findPlace(db, locationOf(context.operation.id)));
      return (
        place?.schemaVersion === release && (await there(context, (session) => versionOf(session, null))) === release
      );
    },
    async act(context) {
      const { release, service } = context.input;
      const statements = (await schemaOf(service)).baseline?.(release!);
      if (statements === undefined)
        throw controlError("WT_CATALOG_NOT_FOUND", {
          detail: `release ${release} of ${service}`,
          next: "List what there is: watertight migrations list.",
        });
      await there(context, async (session) => {
        const version = await versionOf(session, null);
        if (version === release && (await noter(session)) === locationOf(context.operation.id)) return;
        const { rows } = await session.query("select pg_catalog.count(*)::int as n from watertight.release_ledger");
        if (version !== 0 || rows[0]!["n"] !== 0)
          throw controlError("WT_CATALOG_STATE", {
            detail: `the ledger of ${context.input.database} says version ${version} already`,
            next: "Adopt it without a release: its ledger stays as it is.",
          });
        // who wrote it goes along: only that operation may take it back
        const mark = `insert into watertight.setting (name, value) values ('baseline', ${quoteText(locationOf(context.operation.id))})
          on conflict (name) do update set value = excluded.value`;
        await runSchema(session, null, await kitOwner(session), [...statements, mark], release!);
      });
      context.failpoint("baseline.noted");
      await context.commit((tx) =>
        tx.query("update watertight_catalog.location set schema_version = $2 where id = $1", [
          locationOf(context.operation.id),
          release,
        ]),
      );
    },
    async undo(context) {
      const { release } = context.input;
      if (release === undefined) return;
      await there(context, async (session) => {
        if ((await noter(session)) !== locationOf(context.operation.id)) return;
        await asKitOwner(session, [
          ["delete from watertight.release_ledger"],
          ["delete from watertight.setting where name in ('baseline', 'schema_version')"],
        ]);
      });
    },
  };
}

/** The location whose adoption wrote the ledger. */
async function noter(session: Queryable): Promise<string | undefined> {
  const { rows } = await session.query("select value from watertight.setting where name = 'baseline'");
  return rows[0]?.["value"] as string | undefined;
}
