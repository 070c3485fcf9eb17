/**
 * Unique and exclusion constraints do not obey row security either: a row of A with a value that only B has must be accepted, or the refusal
 * tells that B has it (E5). Keys that nobody can guess are told as a note.
 */
import { type Column, type Index, quoteName } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { insertText, nameOf, type Values } from "../seed/values.ts";
import type { Actor, Attack, Control, Ruling, Seen, Step } from "./attack.ts";
import { Forge, insertParts, mainStance } from "./forms.ts";
import { isUnclear, said } from "./judge.ts";
import { type Target, unboundControl, type World } from "./world.ts";

/** What an index compares. */
interface Compared {
  /** Columns named by keys, expressions and the predicate, without those that hold tenant or user. */
  readonly columns: readonly string[];
  /** The tenant is among the keys: equal values of two tenants never meet. */
  readonly scoped: boolean;
  /** Numbers from a sequence, uuids: existence of one says nothing that could be used. */
  readonly surrogate: boolean;
}

const isSurrogate = (column: Column): boolean =>
  column.baseType === "uuid" ||
  column.identity !== null ||
  /^nextval\(|gen_random|uuid_generate|uuidv\d/.test(column.default ?? "");

function compared(world: World, target: Target, index: Index): Compared {
  const text = `${index.expressions ?? ""} ${index.predicate ?? ""}`;
  const named = target.relation.columns.filter(
    ({ name }) =>
      index.columns.includes(name) ||
      new RegExp(`(?<![\\w"])"?${name.replaceAll(/\W/g, "\\$&")}"?(?![\\w"])`).test(text),
  );
  const owner = (name: string): boolean =>
    target.ownerColumns.includes(name) || world.meaning.holds(target.relation, name) === "tenant";
  const free = named.filter(({ name }) => !owner(name) && world.meaning.holds(target.relation, name) !== "user");
  return {
    columns: free.map(({ name }) => name),
    scoped: index.columns.some((name) => name !== null && owner(name)),
    surrogate: free.length > 0 && free.every(isSurrogate),
  };
}

function judge(surrogate: boolean): (seen: Seen) => Ruling {
  return ({ answers: [probe, fresh] }) => {
    if (!probe || !fresh) return { result: "error", evidence: "no answer" };
    const unclear = [probe, fresh].find(({ error }) => error && isUnclear(error.code));
    if (unclear?.error) return { result: "error", evidence: said(unclear.error) };
    const [one, other] = [probe, fresh].map(({ error, count }) => error?.code ?? `${count} rows`);
    if (one === other)
      return { result: "blocked", evidence: `B's value and a new one: ${probe.error ? said(probe.error) : one}` };
    const evidence = `B's value: ${one}, a new value: ${other}`;
    return surrogate
      ? { result: "noted", evidence: `tells that a surrogate key exists: ${evidence}` }
      : { result: "leaked", evidence: `tells that tenant B has the value: ${evidence}` };
  };
}

function widened(target: Target, index: Index, columns: readonly string[]): Control[] {
  const narrow = `create unique index on ${nameOf(target.relation)} (${columns.map(quoteName).join(", ")})`;
  if (index.expressions !== null || index.exclusion) return [unboundControl];
  return [unboundControl, { off: `${unboundControl.off}, the index without the tenant`, unbound: true, sql: [narrow] }];
}

/** The attacks on unique and exclusion constraints of a table. */
export function uniqueAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const spare = target.spareA;
  if (!spare || actor.kind === "anonymous" || target.tenancy.kind === "tenants") return [];
  const forge = new Forge(world, target, actor, "unique-probe", "E5");
  const main = mainStance(actor);
  const indexes = world.facts.snapshot.indexes.filter(
    (index) => dotted(index.relation) === dotted(target.relation) && (index.unique || index.exclusion) && index.valid,
  );
  return indexes.flatMap((index) => {
    const { columns, scoped, surrogate } = compared(world, target, index);
    // unique (tenant_id): nothing of B can be named
    if (columns.length === 0) return [];
    // expressions and ranges with the tenant among the keys can't be narrowed for a proof; the index itself is the proof
    if (scoped && (index.expressions !== null || index.exclusion)) return [];
    const row = target.b.find(({ values }) => columns.every((name) => values.get(name) !== null))?.values;
    if (!row) return [];
    const { row: given, overriding } = insertParts(target.relation, spare);
    const probeRow: Values = new Map([
      ...given,
      ...columns.map((name): [string, string | null] => [name, row.get(name) ?? null]),
    ]);
    const insert = (values: Values): string => insertText(target.name, values, overriding !== "");
    const pair = (end: string): Step[] => [
      { sql: `${insert(probeRow)}${end}`, note: `B's ${columns.join(", ")}` },
      { sql: `${insert(given)}${end}`, note: "a value that nobody has: the answer must be the same", alone: true },
    ];
    const make = (name: string, steps: readonly Step[]): Attack =>
      forge.write(name, main, steps, {
        vector: "E5",
        object: index.name,
        judge: judge(surrogate),
        controls: widened(target, index, columns),
      });
    return [
      make(`insert B's ${columns.join(", ")}`, pair("")),
      make(`insert B's ${columns.join(", ")} on conflict do nothing`, pair(" on conflict do nothing")),
    ];
  });
}
