/**
 * Goes through a history and finds the statements that a migration ran on tables whose row security binds its own role: FORCE binds the owner, and
 * a migration has no tenant, so it sees no row. Must follow FORCE and NO FORCE in order, inside DO blocks too.
 */
import type { Relation } from "@watertight/schema";
import type { Statement, SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { dotted } from "../../understand/schema/graph.ts";
import { nameWords } from "../../understand/sql/parser.ts";
import { accessesOf } from "../bodies/accesses.ts";
import { bodyOf } from "../bodies/body.ts";
import { graphOf } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";
import { finalName, type Moment, timelineOf } from "../timeline/timeline.ts";

/** One statement that saw nothing. */
export interface BlindStatement {
  readonly statement: Statement;
  readonly table: Relation;
  readonly does: "update" | "delete" | "insert" | "merge" | "foreign key";
  /** The role that SET ROLE named; null for the one that runs the migrations, whose rights the files do not tell. */
  readonly role: string | null;
}

interface State {
  readonly forced: Set<string>;
  readonly enabled: Set<string>;
  /** Migration that made the table: it has no rows yet there. */
  readonly created: Map<string, string>;
  role: string | null;
  contextSet: boolean;
}

type Found = Pick<BlindStatement, "table" | "does">;

/** All of them, in order. */
export function blindStatements(facts: Facts): BlindStatement[] {
  if (facts.history === undefined) return [];
  const moments = timelineOf(facts.history);
  const state: State = { forced: new Set(), enabled: new Set(), created: new Map(), role: null, contextSet: false };
  const found: BlindStatement[] = [];
  let migration: unknown;
  for (const moment of moments) {
    if (moment.statement.migration !== migration) {
      migration = moment.statement.migration;
      state.role = null;
      state.contextSet = false;
    }
    const tableOf = (node: SyntaxNode | undefined): Relation | undefined => {
      const name = node === undefined ? null : moment.name(node);
      const last = name && finalName(moments, name, moment.at);
      return last ? graphOf(facts).relation(last) : undefined;
    };
    const trees = moment.type === "DoStmt" ? blockStatements(moment.node) : [{ [moment.type]: moment.node }];
    for (const tree of trees)
      for (const each of step(facts, state, moment, tree, tableOf))
        found.push({ ...each, statement: moment.statement, role: state.role });
  }
  return found;
}

function blockStatements({ args }: SyntaxNode): SyntaxNode[] {
  const item = (name: string): unknown =>
    ((args ?? []) as SyntaxNode[]).find(({ DefElem: each }) => each?.defname === name)?.DefElem.arg?.String?.sval;
  const [body, language] = [item("as"), item("language") ?? "plpgsql"];
  if (typeof body !== "string" || typeof language !== "string") return [];
  const source = { language, body, kind: "procedure", returns: "", arguments: [], argumentNames: [] } as const;
  return bodyOf(source).parts.map(({ tree }) => tree);
}

function step(
  facts: Facts,
  state: State,
  moment: Moment,
  tree: SyntaxNode,
  tableOf: (node: SyntaxNode | undefined) => Relation | undefined,
): Found[] {
  if (tree.VariableSetStmt) set(facts, state, tree.VariableSetStmt as SyntaxNode);
  walkTree(tree, (type, node) => {
    const name = type === "FuncCall" ? nameWords(node.funcname as SyntaxNode[]).at(-1) : undefined;
    if (name === "set_config") state.contextSet = true;
  });
  const migration = moment.statement.migration.name;
  const created = tableOf(tree.CreateStmt?.relation as SyntaxNode | undefined);
  if (created) state.created.set(dotted(created), migration);
  const altered = tableOf(tree.AlterTableStmt?.relation as SyntaxNode | undefined);
  if (altered) {
    const keys = alter(state, altered, (tree.AlterTableStmt?.cmds ?? []) as SyntaxNode[]);
    // a table of this migration has no rows that could be missed
    if (state.created.get(dotted(altered)) === migration) return [];
    const parents = keys.flatMap((key) => tableOf(key.pktable as SyntaxNode | undefined) ?? []);
    const blind =
      keys.length === 0 ? [] : [altered, ...parents].filter((table) => isBlind(facts, state, moment, table));
    return blind.slice(0, 1).map((table) => ({ table, does: "foreign key" }));
  }
  if (state.contextSet) return [];
  return changes(tree, tableOf).filter(({ table }) => isBlind(facts, state, moment, table));
}

function set({ understanding }: Facts, state: State, { name, args }: SyntaxNode): void {
  const value: unknown = args?.[0]?.A_Const?.sval?.sval;
  if (name === "role" || name === "session_authorization") state.role = typeof value === "string" ? value : null;
  if (understanding.context.some((source) => "setting" in source && source.setting === name)) state.contextSet = true;
}

/** Follows the switches; gives back foreign keys that are checked against the rows that are there. */
function alter(state: State, table: Relation, commands: readonly SyntaxNode[]): SyntaxNode[] {
  const name = dotted(table);
  return commands.flatMap(({ AlterTableCmd: command }): SyntaxNode[] => {
    if (command?.subtype === "AT_ForceRowSecurity") state.forced.add(name);
    if (command?.subtype === "AT_NoForceRowSecurity") state.forced.delete(name);
    if (command?.subtype === "AT_EnableRowSecurity") state.enabled.add(name);
    if (command?.subtype === "AT_DisableRowSecurity") state.enabled.delete(name);
    const key = command?.def?.Constraint as SyntaxNode | undefined;
    const checked = command?.subtype === "AT_AddConstraint" && key?.contype === "CONSTR_FOREIGN";
    return checked && key.skip_validation !== true ? [key] : [];
  });
}

/** What a statement changes, or copies from. Only tables whose name it gives, not what its functions do. */
function changes(tree: SyntaxNode, tableOf: (node: SyntaxNode) => Relation | undefined): Found[] {
  const targets = (["UpdateStmt", "DeleteStmt", "MergeStmt"] as const).flatMap((type): Found[] => {
    const table = tree[type]?.relation ? tableOf(tree[type].relation as SyntaxNode) : undefined;
    const does = ({ UpdateStmt: "update", DeleteStmt: "delete", MergeStmt: "merge" } as const)[type];
    return table ? [{ table, does }] : [];
  });
  const copied = accessesOf((tree.InsertStmt?.selectStmt ?? {}) as SyntaxNode).flatMap(({ schema, name }): Found[] => {
    const table = tableOf({ relname: name, ...(schema === undefined ? {} : { schemaname: schema }) });
    return table ? [{ table, does: "insert" }] : [];
  });
  return [...targets, ...copied];
}

function isBlind({ snapshot }: Facts, state: State, { statement }: Moment, table: Relation): boolean {
  if (!state.forced.has(dotted(table)) || !state.enabled.has(dotted(table))) return false;
  const role = snapshot.roles.find(({ name }) => name === state.role);
  if (role?.superuser === true || role?.bypassRls === true) return false;
  // Supabase runs migrations as a role with BYPASSRLS
  if (state.role === null && statement.migration.tool === "supabase") return false;
  return !snapshot.policies.some(
    ({ relation, permissive, using, roles }) =>
      relation.schema === table.schema &&
      relation.name === table.name &&
      permissive &&
      using === "true" &&
      roles.includes(state.role ?? table.owner),
  );
}
