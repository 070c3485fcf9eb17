/**
 * Definer functions whose caller chooses the table (D14): how bad it is, by what the owner may see there, what comes back, the list of names and the
 * comparison with the context that stand in the way. Null where row security binds the owner on every table that could be chosen.
 */
import type { Relation, Routine } from "@watertight/schema";
import { type ChosenRelation, choicesOf } from "../bodies/chosen-relation.ts";
import { tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Severity } from "../rule.ts";
import { exposureTo } from "./exposure.ts";
import { listed, said } from "./words.ts";

/** What a caller gets by choosing a table. */
export interface ChosenTable {
  readonly argument: string;
  readonly severity: Severity;
  /** "reads any of customers, …", to follow "Its caller". */
  readonly does: string;
  readonly evidence: readonly string[];
  readonly tables: readonly Relation[];
}

const order: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

/** The worst of a routine's dynamic statements. */
export function chosenTable(facts: Facts, routine: Routine): ChosenTable | null {
  const found = choicesOf(facts, routine).relations.flatMap((chosen) => judged(facts, routine, chosen) ?? []);
  return found.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))[0] ?? null;
}

function judged(facts: Facts, routine: Routine, chosen: ChosenRelation): ChosenTable | null {
  const { argument, mode, list } = chosen;
  const open = tenantRelations(facts).flatMap((table) => {
    const exposure = chosen.fits(table) ? exposureTo(facts, routine.owner, table, mode) : null;
    return exposure === null ? [] : [{ table, exposure }];
  });
  if (open.length === 0) return null;
  const names = Array.isArray(list)
    ? list.map((name) => name.split(".").at(-1)!.replaceAll('"', "").toLowerCase())
    : null;
  const left = names === null ? open : open.filter(({ table }) => names.includes(table.name.toLowerCase()));
  const tables = (left.length === 0 ? open : left).map(({ table }) => table);
  const shown = listed(tables.slice(0, 3).map(said)) + (tables.length > 3 ? " and others" : "");
  const verb = mode === "read" ? "read" : mode === "insert" ? "add rows to" : mode;
  const barrier = barrierOf(chosen, left.length > 0);
  return {
    argument,
    severity: worse(barrier.severity, plain(routine, mode)),
    does: `${verb} ${shown} past row security${barrier.words}`,
    evidence: [`argument ${argument} names the relation of a statement that EXECUTE runs`, open[0]!.exposure.sentence],
    tables,
  };
}

/** Without anything in the way. */
function plain({ returns, returnsSet }: Routine, mode: string): Severity {
  if (mode !== "read") return "high";
  return /^(void|boolean)$/.test(returns) && !returnsSet
    ? "low"
    : figure.test(returns) && !returnsSet
      ? "high"
      : "critical";
}

const figure = /^(smallint|integer|bigint|numeric(\(.*\))?|real|double precision|uuid|date|timestamp .*)$/;

function barrierOf(
  { list, inside, before }: ChosenRelation,
  namesTenants: boolean,
): { readonly severity: Severity; readonly words: string } {
  if (inside === "tenant") return { severity: "low", words: ", and the statement compares rows with the context" };
  if (list === "unknown")
    return { severity: "medium", words: ", as far as a look-up or helper before lets names pass" };
  if (list !== null)
    return namesTenants
      ? { severity: "high", words: ", which stand in its list of names" }
      : { severity: "low", words: " only if its list of names is ever extended by them" };
  if (before !== "none" || inside !== "none")
    return { severity: "medium", words: ", after a check that says nothing of the rows" };
  return { severity: "critical", words: "" };
}

const worse = (one: Severity, other: Severity): Severity => (order.indexOf(one) > order.indexOf(other) ? one : other);
