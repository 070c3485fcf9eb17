/**
 * Step: an adopted database belongs to one location. It is written into the database itself, because two cells, or two catalogs, may lead to one
 * server. Must never take it from another location, whatever the catalog believes.
 */
import type { Queryable } from "@watertight/schema";
import { getCell } from "../catalog/cells.ts";
import { onPlace } from "../cells/on-place.ts";
import { withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { Step, StepContext } from "../operations/operation.ts";
import { locationOf, type ProvisioningOptions } from "./place.ts";
import { asKitOwner } from "./schema-version.ts";

interface Claim {
  readonly cell: string;
  readonly database: string;
}

/** Claims the database for the operation's location. */
export function claimStep<I extends Claim>({ secrets }: ProvisioningOptions): Step<I> {
  const there = async <T>(context: StepContext<I>, fn: (session: Queryable) => Promise<T>): Promise<T> => {
    const cell = await withConnection(context.catalog, (db) => getCell(db, context.input.cell));
    return onPlace(context as never, secrets, { cell, database: context.input.database }, fn);
  };
  const claimed = async (session: Queryable): Promise<string | undefined> => {
    const { rows } = await session.query("select value from watertight.setting where name = 'location'");
    return rows[0]?.["value"] as string | undefined;
  };
  return {
    name: "claim",
    observe: async (context) => (await there(context, claimed)) === locationOf(context.operation.id),
    act: (context) =>
      there(context, async (session) => {
        const own = locationOf(context.operation.id);
        const { rows } = await session.query(
          `select pg_catalog.shobj_description(d.oid, 'pg_database') as tag from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`,
        );
        const tag = rows[0]!["tag"] as string | null;
        if (tag !== null && tag.startsWith("watertight operation "))
          throw controlError("WT_LOCATION_UNFIT", {
            detail: `database ${context.input.database} was made by ${tag.slice("watertight ".length)}: it has its location`,
          });
        await asKitOwner(session, [
          ["insert into watertight.setting (name, value) values ('location', $1) on conflict (name) do nothing", own],
        ]);
        context.failpoint("claim.inside");
        const holder = await claimed(session);
        if (holder !== own)
          throw controlError("WT_LOCATION_UNFIT", {
            detail: `database ${context.input.database} is ${holder} already, here or in another catalog`,
            next: "Look for it: watertight locations list. One that is gone leaves its claim: delete from watertight.setting where name = 'location'.",
          });
      }),
    undo: (context) =>
      there(context, (session) =>
        asKitOwner(session, [
          ["delete from watertight.setting where name = 'location' and value = $1", locationOf(context.operation.id)],
        ]),
      ),
  };
}
