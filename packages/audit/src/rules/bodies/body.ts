/**
 * The body of a function as a list of parts in the order in which they stand: statements, conditions, values, and SQL that is built at run
 * time. Branches and loops are laid flat. Must never take something from the words of a body that does not parse.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { bodyTag, parseExpression, parsePlPgSql, parseStatements } from "../../understand/sql/parser.ts";
import { skeletonOf } from "./skeleton.ts";

/** One part. `into` names the variables that it fills. */
interface BodyPart {
  /** dynamic: `tree` is the expression that makes the text of a statement. */
  readonly kind: "statement" | "condition" | "value" | "dynamic";
  readonly tree: SyntaxNode;
  readonly into: readonly string[];
  /** Conditions of IF that hold where it stands. */
  readonly under?: readonly SyntaxNode[];
  /** Of a condition: who fulfils it gets no further, by RAISE or RETURN. */
  readonly leaves?: boolean;
  /** Of a dynamic part: what USING gives. */
  readonly given?: readonly SyntaxNode[];
}

/** A body. */
export interface Body {
  readonly parts: readonly BodyPart[];
  /** False where it is in another language, or a part of it could not be read. */
  readonly understood: boolean;
  /** Somewhere it raises an error of its own. */
  readonly refuses: boolean;
}

/** What is needed of a routine to read its body; a DO block is one without arguments. */
export type BodySource = Pick<Routine, "language" | "kind" | "returns" | "body" | "arguments" | "argumentNames">;

const bodies = new WeakMap<BodySource, Body>();

/** Reads a routine's body, once. */
export function bodyOf(routine: BodySource): Body {
  const known = bodies.get(routine) ?? read(routine);
  bodies.set(routine, known);
  return known;
}

function read(routine: BodySource): Body {
  if (routine.language === "sql") return readSql(routine.body);
  return routine.language === "plpgsql" ? readPlPgSql(routine) : { parts: [], understood: false, refuses: false };
}

function readSql(body: string): Body {
  // BEGIN ATOMIC … END and RETURN … come back from the catalog as they were written there
  const atomic = /^\s*begin\s+atomic\s+([\s\S]*?);?\s*end\s*;?\s*$/i.exec(body)?.[1];
  const returned = /^\s*return\s+([\s\S]*?);?\s*$/i.exec(body)?.[1];
  const trees = parseStatements(atomic ?? (returned === undefined ? body : `select ${returned}`));
  const parts = trees?.map((tree): BodyPart => ({ kind: "statement", tree, into: [] }));
  return { parts: parts ?? [], understood: parts !== undefined, refuses: false };
}

function createText({ kind, returns, body, arguments: types, argumentNames }: BodySource): string {
  const quoted = (name: string | undefined): string => (name ? `"${name.replaceAll('"', '""')}" ` : "");
  const list = types.map((type, at) => quoted(argumentNames[at]) + type).join(", ");
  const head = kind === "procedure" ? `procedure f(${list})` : `function f(${list}) returns ${returns || "void"}`;
  return `create ${head} language plpgsql as ${bodyTag}${body}${bodyTag}`;
}

function readPlPgSql(routine: BodySource): Body {
  const tree = parsePlPgSql(createText(routine));
  if (tree === null) return { parts: [], understood: false, refuses: false };
  const parts: BodyPart[] = [];
  let understood = true;
  let refuses = false;
  const datums = (tree.datums ?? []) as SyntaxNode[];

  const holding: SyntaxNode[] = [];

  const add = (
    kind: BodyPart["kind"],
    node: SyntaxNode | undefined,
    into: readonly string[] = [],
    more: Pick<BodyPart, "leaves" | "given"> = {},
  ): void => {
    const whole: unknown = node?.PLpgSQL_expr?.query;
    if (typeof whole !== "string") return;
    // the parser gives the whole text of an assignment
    const text = (node?.PLpgSQL_expr.parseMode as number) >= assignment ? whole.replace(target, "") : whole;
    const trees = kind === "statement" ? (parseStatements(text) ?? [null]) : [parseExpression(text)];
    for (const each of trees)
      if (each === null) understood = false;
      else parts.push({ kind, tree: each, into, under: [...holding], ...more });
  };
  const dynamic = (node: SyntaxNode | undefined, params: unknown, into: readonly string[] = []): void => {
    if (node === undefined) return;
    const before = parts.length;
    add("dynamic", node, into, { given: expressionsOf(params) });
    // what it says apart from its holes is read as any other statement
    const built = parts.slice(before).flatMap((part) => skeletonOf(part.tree) ?? []);
    if (built.length === 0) understood = false;
    parts.push(...built.map((each): BodyPart => ({ kind: "statement", tree: each, into })));
  };

  function visit(node: unknown): void {
    if (Array.isArray(node)) return node.forEach(visit);
    if (node === null || typeof node !== "object") return;
    for (const [type, inner] of Object.entries(node as SyntaxNode)) {
      if (inner === null || typeof inner !== "object") continue;
      const { cond, expr, query, dynquery, sqlstmt, target, var: variable, params, ...rest } = inner as SyntaxNode;
      if (!type.startsWith("PLpgSQL_") || type === "PLpgSQL_expr") {
        if (type === "PLpgSQL_expr") add("value", { PLpgSQL_expr: inner });
        else visit(inner);
        continue;
      }
      // the level is left out where it is that of EXCEPTION
      if (type === "PLpgSQL_stmt_raise") refuses ||= ((inner as SyntaxNode).elog_level ?? error) >= error;
      const branch = (inner as SyntaxNode).then_body ?? (type === "PLpgSQL_if_elsif" ? rest.stmts : undefined);
      add("condition", cond, [], { leaves: leavesAtOnce(branch) });
      const held = branch === undefined ? null : parseExpression((cond?.PLpgSQL_expr?.query as string) ?? "");
      if (type === "PLpgSQL_stmt_perform" || type === "PLpgSQL_stmt_call") add("statement", expr);
      else if (type === "PLpgSQL_stmt_assign") add("value", expr, assigned(expr));
      else add("value", expr);
      if (sqlstmt) add("statement", sqlstmt, filled(target));
      if (type === "PLpgSQL_stmt_dynexecute" || type === "PLpgSQL_stmt_dynfors")
        dynamic(query, params, filled(target ?? variable));
      else if (query) add("statement", query, filled(variable));
      dynamic(dynquery, params);
      visit(params);
      if (held !== null) holding.push(held);
      visit(branch);
      if (held !== null) holding.pop();
      visit(without(rest, branch));
    }
  }

  for (const { PLpgSQL_var: variable } of datums)
    if (variable?.default_val) add("value", variable.default_val, [variable.refname as string]);
  for (const { PLpgSQL_var: cursor } of datums) add("statement", cursor?.cursor_explicit_expr);
  visit(tree.action);
  return { parts, understood, refuses };
}

// "name := expression" and "name.field[1] = expression"
const target = /^\s*("[^"]+"|[\w$]+)((?:\.\w+|\."[^"]+"|\s*\[[^\]]*\])*)\s*:?=(?!=)/;
// RAW_PARSE_PLPGSQL_ASSIGN1 and on
const assignment = 3;

const error = 21;

/** The last of some statements leaves the function. */
function leavesAtOnce(statements: unknown): boolean {
  const last = (Array.isArray(statements) ? statements.at(-1) : undefined) as SyntaxNode | undefined;
  const raised = last?.PLpgSQL_stmt_raise as SyntaxNode | undefined;
  return last?.PLpgSQL_stmt_return !== undefined || (raised !== undefined && (raised.elog_level ?? error) >= error);
}

const without = (node: SyntaxNode, branch: unknown): SyntaxNode =>
  Object.fromEntries(Object.entries(node).filter(([, inner]) => inner !== branch));

/** The values after USING. */
function expressionsOf(params: unknown): SyntaxNode[] {
  const texts = (Array.isArray(params) ? params : []).map(
    (each) => (each as SyntaxNode).PLpgSQL_expr?.query as unknown,
  );
  return texts.flatMap((text) => (typeof text === "string" ? (parseExpression(text) ?? []) : []));
}

function assigned(node: SyntaxNode | undefined): string[] {
  const name = target.exec((node?.PLpgSQL_expr?.query as string | undefined) ?? "")?.[1];
  return name === undefined ? [] : [name.replaceAll('"', "")];
}

function filled(node: SyntaxNode | undefined): string[] {
  const fields = node?.PLpgSQL_row?.fields as { name: string }[] | undefined;
  const single = (node?.PLpgSQL_rec?.refname ?? node?.PLpgSQL_var?.refname) as string | undefined;
  return fields?.map((field) => field.name) ?? (single === undefined ? [] : [single]);
}
