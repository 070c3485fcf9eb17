/**
 * The queries and expressions inside a PL/pgSQL function, in the order in which they stand, with the variables that they fill. Branches are
 * not told apart. Must never run anything, and never pretend to know SQL that the function builds at run time.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { bodyTag, parseExpression, parsePlPgSql, parseStatements } from "./parser.ts";

/** One query or expression of a body. */
interface BodyStep {
  readonly query?: SyntaxNode;
  readonly expression?: SyntaxNode;
  /** Variables that take its columns, in order. */
  readonly into: readonly string[];
  /** Whether its value is the function's. */
  readonly returns: boolean;
}

/** What a body does. */
export interface BodySteps {
  readonly steps: readonly BodyStep[];
  /** It runs SQL that it builds. */
  readonly dynamic: boolean;
}

/** Reads the body of a PL/pgSQL routine; null where it does not parse. */
export function plpgsqlSteps(routine: Routine): BodySteps | null {
  const names = routine.arguments.map((type, at) => `${argumentName(routine.argumentNames[at])} ${type}`);
  const returns = routine.kind === "procedure" ? "" : ` returns ${routine.returns}`;
  const tree = parsePlPgSql(
    `create ${routine.kind === "procedure" ? "procedure" : "function"} f(${names.join(", ")})${returns} language plpgsql as ${bodyTag}${routine.body}${bodyTag}`,
  );
  return tree && readTree(tree);
}

function argumentName(name: string | undefined): string {
  return name ? `"${name.replaceAll('"', '""')}"` : "";
}

function readTree(tree: SyntaxNode): BodySteps {
  const steps: BodyStep[] = [];
  let dynamic = false;
  const datums = (tree.datums ?? []) as SyntaxNode[];
  // the tree leaves numbers out that are 0
  const nameOf = (number: number | undefined): string =>
    (datums[number ?? -1]?.PLpgSQL_var?.refname as string | undefined) ??
    (datums[number ?? -1]?.PLpgSQL_rec?.refname as string | undefined) ??
    "";

  const add = (text: string | undefined, into: readonly string[], returns: boolean): void => {
    if (!text) return;
    const select = parseStatements(text)?.[0]?.SelectStmt as SyntaxNode | undefined;
    const expression = select ? undefined : (parseExpression(text) ?? undefined);
    if (select) steps.push({ query: select, into, returns });
    else if (expression) steps.push({ expression, into, returns });
  };
  const text = (node: SyntaxNode | undefined): string | undefined => node?.PLpgSQL_expr?.query as string | undefined;
  const targets = (node: SyntaxNode | undefined): string[] => {
    const fields = node?.PLpgSQL_row?.fields as { name: string }[] | undefined;
    const single = (node?.PLpgSQL_rec?.refname ?? node?.PLpgSQL_var?.refname) as string | undefined;
    return fields?.map((field) => field.name) ?? (single === undefined ? [] : [single]);
  };

  function visit(node: unknown): void {
    if (Array.isArray(node)) return node.forEach(visit);
    if (node === null || typeof node !== "object") return;
    for (const [type, inner] of Object.entries(node as SyntaxNode)) {
      if (type === "PLpgSQL_stmt_assign") {
        const whole = text(inner.expr) ?? "";
        const at = /^\s*"?([\w$]+)"?\s*:?=/.exec(whole);
        if (at) add(whole.slice(at[0].length), [at[1]!], false);
      } else if (type === "PLpgSQL_stmt_execsql") add(text(inner.sqlstmt), targets(inner.target), false);
      else if (type === "PLpgSQL_stmt_return") {
        if (inner.expr) add(text(inner.expr), [], true);
        else add(quoted(nameOf((inner.retvarno as number | undefined) ?? 0)), [], true);
      } else if (type === "PLpgSQL_stmt_return_query") {
        if (inner.query) add(text(inner.query), [], true);
        else dynamic = true;
      } else if (type === "PLpgSQL_stmt_return_next") {
        if (inner.expr) add(text(inner.expr), [], true);
        else add(quoted(nameOf((inner.retvarno as number | undefined) ?? 0)), [], true);
      } else if (type === "PLpgSQL_stmt_fors") {
        add(text(inner.query), targets(inner.var), false);
        visit(inner.body);
      } else if (type === "PLpgSQL_stmt_dynexecute" || type === "PLpgSQL_stmt_dynfors") dynamic = true;
      else if (type === "PLpgSQL_expr") add(inner.query as string, [], false);
      else visit(inner);
    }
  }

  for (const datum of datums) {
    const variable = datum.PLpgSQL_var as SyntaxNode | undefined;
    if (variable?.default_val) add(text(variable.default_val), [variable.refname as string], false);
  }
  visit(tree.action);
  return { steps, dynamic };
}

function quoted(name: string): string | undefined {
  return name === "" ? undefined : `"${name.replaceAll('"', '""')}"`;
}
