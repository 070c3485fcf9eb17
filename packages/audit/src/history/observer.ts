/**
 * Watches the catalog over the connection of the migrations: after each statement it asks what was written, and keeps for every object which
 * statements touched it. Must never leave a trace in the user's database, nor trust a name that a migration could have put in the way.
 */
import { randomBytes } from "node:crypto";
import { type CatalogRow, changedRows, livingRows, nearRows, roleRows } from "./catalog-query.ts";
import { CatalogState, type Item, type RoleRow, type Touch } from "./catalog-state.ts";
import type { History } from "./history.ts";
import { quoteText } from "@watertight/schema";
import type { Statement } from "./statement.ts";
import type { Where } from "./where.ts";

type Answer = Readonly<Record<string, string | boolean | null>>;

/** The connection: our own text, several statements at once; rows of the last that has any. */
interface Ask {
  status(): "I" | "T" | "E" | undefined;
  own(text: string): Promise<Answer[]>;
}

/** Remembers who touched what. */
export interface Observer {
  /** What is there before the first statement. */
  begin(ask: Ask): Promise<void>;
  /** What the statement touched, as keys of this moment. */
  look(ask: Ask, index: number, where: Where): Promise<string[]>;
  /** Keys of what was there before the first statement. */
  given(): ReadonlySet<string>;
  /** The youngest transaction that was seen. */
  newest(): number;
  /** The statements from `index` on were undone. */
  forget(ask: Ask, index: number): Promise<void>;
  /** The history of all statements, under the names of the end. */
  history(statements: readonly Statement[]): History;
}

const mostNames = 100;

// The plan of a narrow look is made while the catalogs are small and used when they are not: planned anew each time, or with the scans of
// whole catalogs that a small one deserves, a look costs twice as much (measured with 200 tables).
const byIndex = "set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off; ";

// pg_catalog before pg_temp: a temporary table must not stand in for a catalog.
const around = (text: string, inside: boolean): string => {
  const [open, close] = inside
    ? ["savepoint watertight_look", "rollback to savepoint watertight_look; release savepoint watertight_look"]
    : ["begin", "rollback"];
  return `${open}; set local role none; set local search_path = pg_catalog, pg_temp; set local quote_all_identifiers = off; set local statement_timeout = 0; ${text}; ${close}`;
};

/** An observer for one replay. */
export function observer(): Observer {
  const state = new CatalogState();
  /** Indexes of statements, oldest first, by object and aspect. */
  const touches = new Map<Item, Map<string, number[]>>();
  const mark = `watertight_${randomBytes(6).toString("hex")}`;
  const plans = [
    `prepare ${mark}_changed (xid) as ${changedRows}`,
    `prepare ${mark}_near (xid, text[]) as ${nearRows}`,
    `prepare ${mark}_living as ${livingRows}`,
    `prepare ${mark}_roles as ${roleRows}`,
  ].join("; ");
  let prepared: Ask | undefined;

  async function run(on: Ask, text: string): Promise<Answer[]> {
    const inside = on.status() === "T";
    try {
      return await on.own(around(text, inside));
    } catch (error) {
      if (on.status() !== undefined) await on.own(inside ? "rollback to savepoint watertight_look" : "rollback");
      throw error;
    }
  }
  // A plan over two dozen catalogs costs more than its run, so it is kept. DISCARD ALL throws it away, a new connection has none.
  async function ask<T>(on: Ask, plan: string): Promise<T[]> {
    if (prepared !== on) await run(on, plans);
    prepared = on;
    const execute = `${plan.startsWith("near") ? byIndex : ""}execute ${mark}_${plan}`;
    const rows = await run(on, execute).catch(async (error: { code?: string }) => {
      if (error.code !== "26000") throw error;
      await run(on, plans);
      return run(on, execute);
    });
    return (JSON.parse(String(rows[0]?.["rows"] ?? "null")) as T[] | null) ?? [];
  }
  /** Youngest transaction of which every row was seen. */
  let seen = 3;
  const before = new Set<string>();
  /** Up to which transaction each statement wrote, as far as it was seen: what a narrow look missed is put down to the right one. */
  const bounds: { readonly index: number; readonly newest: number }[] = [];

  const everything = async (on: Ask): Promise<(Touch & { readonly xid: number })[]> => {
    const rows = state.apply(await ask<CatalogRow>(on, `changed('${seen}')`));
    seen = state.newest;
    return rows;
  };
  const roles = async (on: Ask): Promise<Touch[]> => state.applyRoles(await ask<RoleRow>(on, "roles"));
  const living = async (on: Ask): Promise<Touch[]> =>
    state.retain(await ask<readonly [string, number, string]>(on, "living"));
  const near = async (on: Ask, names: ReadonlySet<string>): Promise<Touch[]> => {
    const list = [...names].map(quoteText).join(", ");
    const rows = await ask<CatalogRow>(on, `near('${state.newest}', array[${list}]::text[])`);
    return [
      ...state.apply(rows),
      ...state.retain(
        rows.map(({ kind, oid, sub }) => [kind, oid, sub] as const),
        names,
      ),
    ];
  };

  const note = (touch: Touch, index: number): void => {
    const aspects = touches.get(touch.item) ?? new Map<string, number[]>();
    touches.set(touch.item, aspects);
    const list = aspects.get(touch.aspect) ?? [];
    aspects.set(touch.aspect, list);
    if (list.includes(index)) return;
    list.push(index);
    list.sort((a, b) => a - b);
  };
  const writer = (xid: number, index: number): number => bounds.find(({ newest }) => xid <= newest)?.index ?? index;

  return {
    async begin(on) {
      for (const touch of [...(await roles(on)), ...(await everything(on))]) {
        const key = state.key(touch);
        if (key !== null) before.add(key);
      }
    },
    given: () => before,
    async look(on, index, where) {
      if (where.kind === "nothing") return [];
      const names = where.kind === "named" ? state.withChildren(where.names) : null;
      // from some size on, all is read as fast
      const narrow = names !== null && names.size <= mostNames;
      const found: Touch[] = narrow ? await near(on, names) : [];
      if (!narrow) {
        found.push(...(await roles(on)));
        for (const touch of await everything(on)) {
          const by = writer(touch.xid, index);
          if (by === index) found.push(touch);
          else note(touch, by);
        }
        if (where.kind === "named" || where.drops) found.push(...(await living(on)));
      }
      if (state.newest > (bounds.at(-1)?.newest ?? 0)) bounds.push({ index, newest: state.newest });
      const keys = new Set<string>();
      for (const touch of found) {
        const key = state.key(touch);
        if (key === null) continue;
        keys.add(key);
        note(touch, index);
      }
      return [...keys];
    },
    newest: () => state.newest,
    async forget(on, index) {
      seen = 3;
      await roles(on);
      await everything(on);
      await living(on);
      for (const aspects of touches.values())
        for (const [aspect, list] of aspects)
          aspects.set(
            aspect,
            list.filter((one) => one < index),
          );
    },
    history: (statements) => historyOf(statements, touches, state),
  };
}

/** Gives every list its key. What is gone keeps the statement that dropped it, unless something else has the key now. */
function historyOf(
  statements: readonly Statement[],
  touches: ReadonlyMap<Item, ReadonlyMap<string, readonly number[]>>,
  state: CatalogState,
): History {
  const lists = new Map<string, { readonly alive: boolean; readonly indexes: readonly number[] }>();
  for (const [item, aspects] of touches)
    for (const [aspect, indexes] of aspects) {
      const key = state.key({ item, aspect });
      if (key === null || indexes.length === 0) continue;
      const other = lists.get(key);
      const older = other !== undefined && (other.alive || (other.indexes.at(-1) ?? 0) > (indexes.at(-1) ?? 0));
      if (other === undefined || (item.alive && !other.alive) || (item.alive === other.alive && !older))
        lists.set(key, { alive: item.alive, indexes });
    }
  const all = (key: string): readonly Statement[] =>
    (lists.get(key)?.indexes ?? []).flatMap((index) => statements[index] ?? []);
  return {
    statements,
    all,
    origin(...keys) {
      for (const key of keys) {
        const last = all(key).at(-1);
        if (last !== undefined) return last;
      }
      return undefined;
    },
  };
}
