/**
 * Dynamic SQL whose relation the caller chooses: an argument that reaches the place of a table's name, quoted or not, by %I, quote_ident, ||,
 * or as regclass. Quoting keeps other SQL out and no table. Must never take a name for chosen that the body itself makes.
 */
import type { Relation, Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { nameWords, parseStatements } from "../../understand/sql/parser.ts";
import type { Facts } from "../rule.ts";
import { type AccessMode, accessesOf } from "./accesses.ts";
import { bodyOf } from "./body.ts";
import { type BuiltText, TextBuilder } from "./built-text.ts";
import { type CheckLevel, checkOfTree, type Known, readsContext, routineOf, stronger } from "./caller-check.ts";
import { constantsOf, listsOf, type ListScope, type NameList } from "./name-list.ts";
import { searchPathOf } from "./touches.ts";

/** One relation that a caller chooses. */
export interface ChosenRelation {
  readonly argument: string;
  readonly mode: AccessMode;
  /** Names with which the argument was compared before; null without a list. */
  readonly list: NameList | null;
  /** What the statement itself looks at. */
  readonly inside: CheckLevel;
  /** What stands before it. */
  readonly before: CheckLevel;
  /** Whether the place can hold a table's name. */
  fits(relation: Relation): boolean;
}

/** What the dynamic statements of a body let the caller choose. */
interface Choices {
  readonly relations: readonly ChosenRelation[];
  /** Arguments that were compared with a list before every dynamic statement. */
  readonly listed: ReadonlySet<string>;
}

/** Types in which a relation can be named. */
const naming =
  /^(text|name|character varying.*|character\(.*|character|cstring|citext|.*\.citext|regclass|oid|json|jsonb)$/;
/** Functions whose value can't name a relation of the caller's choice. */
const harmless =
  /^(length|octet_length|char_length|array_length|cardinality|count|now|gen_random_uuid|md5|exists|current_setting)$/;

/** Reads a routine's body for them. */
export function choicesOf(facts: Facts, routine: Routine): Choices {
  const sources = new Map<string, string>();
  routine.arguments.forEach((type, at) => {
    const name = routine.argumentNames[at] || `$${at + 1}`;
    if (!naming.test(type)) return;
    sources.set(name, name);
    sources.set(`$${at + 1}`, name);
  });
  const known = { context: new Set<string>(), checked: new Set<string>(), brought: new Map() };
  const texts = new TextBuilder(
    (node) => carried(node, sources),
    (node) => readsContext(facts, node, known, routine),
  );
  const arrays = new Map<string, readonly string[]>();
  const scope: ListScope = { argumentOf: (node) => plainArgument(node, sources), arrays };
  const passed = new Map<string, NameList>();
  const relations: ChosenRelation[] = [];
  const listings: ReadonlySet<string>[] = [];
  let before: CheckLevel = "none";
  for (const { kind, tree, into, under = [], leaves = false, given = [] } of bodyOf(routine).parts) {
    if (kind === "condition") {
      before = stronger(before, checkOfTree(facts, tree, known, routine));
      if (leaves) for (const [name, list] of listsOf(tree, false, scope)) passed.set(name, list);
    } else if (kind === "dynamic") {
      const lists = new Map(passed);
      for (const each of under) for (const [name, list] of listsOf(each, true, scope)) lists.set(name, list);
      listings.push(new Set(lists.keys()));
      for (const built of texts.statements(tree, given))
        relations.push(...chosenIn(facts, routine, built, { known, lists, before }));
    } else {
      for (const name of refusedBy(facts, tree, sources)) if (!passed.has(name)) passed.set(name, "unknown");
      const constants = kind === "value" ? constantsOf(tree, { arrays }) : null;
      if (constants !== null) for (const name of into) arrays.set(name, constants);
      if (readsContext(facts, tree, known, routine)) for (const name of into) known.context.add(name);
      if (kind === "value") {
        const [source] = carried(tree, sources);
        if (source !== undefined) for (const name of into) sources.set(name, source);
        for (const name of into) texts.assign(name, tree);
      }
    }
  }
  const [first = new Set<string>(), ...others] = listings;
  return { relations, listed: new Set([...first].filter((name) => others.every((each) => each.has(name)))) };
}

interface At {
  readonly known: Known;
  readonly lists: ReadonlyMap<string, NameList>;
  readonly before: CheckLevel;
}

function chosenIn(facts: Facts, routine: Routine, built: BuiltText, { known, lists, before }: At): ChosenRelation[] {
  const trees = parseStatements(built.text);
  const inner = { ...known, context: new Set([...known.context, ...built.context]) };
  const inside = (trees ?? []).reduce<CheckLevel>(
    (level, tree) => stronger(level, checkOfTree(facts, tree, inner, routine)),
    "none",
  );
  const places = trees?.flatMap(accessesOf) ?? built.namesAfterWords();
  return places.flatMap(({ schema, name, mode }): ChosenRelation[] => {
    const holes = built.holesIn(`${schema ?? ""}.${name}`);
    const argument = holes.flatMap(({ sources }) => sources)[0];
    if (argument === undefined) return [];
    const list = lists.get(argument) ?? null;
    const whole = holes.some(({ quoted }) => !quoted);
    const path = routine.settings.some((each) => each.startsWith("search_path=")) ? searchPathOf(routine) : null;
    const fits = (relation: Relation): boolean => {
      // a text that is not quoted, and a regclass, may name the schema as well
      if (whole) return true;
      if (!built.pattern(name).test(relation.name)) return false;
      return schema === undefined
        ? path === null || path.includes(relation.schema)
        : built.pattern(schema).test(relation.schema);
    };
    return [{ argument, mode, list, inside, before, fits }];
  });
}

/** The arguments that a value carries on, quoted or not. */
function carried(node: SyntaxNode | undefined, sources: ReadonlyMap<string, string>): string[] {
  const found = new Set<string>();
  const visit = (tree: unknown): void =>
    walkTree(tree, (type, inner) => {
      if (type === "SubLink" || type === "BoolExpr" || type === "NullTest") return false;
      if (type === "FuncCall" && harmless.test(nameWords(inner.funcname as SyntaxNode[]).at(-1) ?? "")) return false;
      if (type === "CaseExpr") {
        for (const each of inner.args as SyntaxNode[]) visit(each.CaseWhen.result);
        visit(inner.defresult);
        return false;
      }
      const words = type === "ColumnRef" ? nameWords(inner.fields as SyntaxNode[]) : [];
      const source = sources.get(type === "ParamRef" ? `$${inner.number as number}` : (words.at(-1) ?? ""));
      if (source !== undefined) found.add(source);
      return true;
    });
  if (node !== undefined) visit(node);
  return [...found];
}

/** The argument that an expression is, apart from casts, case and space. */
function plainArgument(node: SyntaxNode | undefined, sources: ReadonlyMap<string, string>): string | undefined {
  if (node?.TypeCast !== undefined) return plainArgument(node.TypeCast.arg as SyntaxNode, sources);
  const call = node?.FuncCall as SyntaxNode | undefined;
  if (call !== undefined)
    return /^(lower|btrim|quote_ident)$/.test(nameWords(call.funcname as SyntaxNode[]).at(-1) ?? "")
      ? plainArgument(call.args?.[0] as SyntaxNode, sources)
      : undefined;
  if (node?.ColumnRef === undefined && node?.ParamRef === undefined) return undefined;
  return carried(node, sources)[0];
}

/** Arguments that a helper is given which refuses some: assert_allowed(p_table). */
function refusedBy(facts: Facts, tree: SyntaxNode, sources: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  walkTree(tree, (type, node) => {
    const called = type === "FuncCall" ? routineOf(facts, node) : undefined;
    if (called === undefined || !bodyOf(called).refuses) return;
    const given = ((node.args ?? []) as SyntaxNode[]).map((each) => plainArgument(each, sources));
    found.push(...given.filter((each) => each !== undefined));
  });
  return found;
}
