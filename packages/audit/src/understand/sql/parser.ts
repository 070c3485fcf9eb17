/**
 * SQL text of the catalog (policies, bodies of functions) to syntax trees, without waiting: the parser is loaded once by {@link loadParser}. Must
 * never throw on text that the parser refuses: a body in a dialect or with a typing error is "not understood", and the caller says so.
 */
import { createRequire } from "node:module";
import type * as LibPgQuery from "libpg-query";
import type { SyntaxNode } from "../../history/statement.ts";

// An expression of this size is data or an attack on the parser's stack (see parse/parser.ts), and no policy
const longest = 64 * 1024;
const require = createRequire(import.meta.url);
let library: typeof LibPgQuery | undefined;
let broken = false;

/** Loads the parser; everything that reads expressions needs it once before. Cheap when it is loaded already. */
export async function loadParser(): Promise<void> {
  if (library !== undefined && !broken) return;
  const path = require.resolve("libpg-query");
  if (broken) delete require.cache[path];
  const loaded = require(path) as typeof LibPgQuery;
  await loaded.loadModule();
  library = loaded;
  broken = false;
}

function attempt<T>(text: string, read: (parser: typeof LibPgQuery, text: string) => T): T | null {
  if (library === undefined) throw new Error("call loadParser() before reading expressions");
  if (broken || text.length > longest || text.includes("\0")) return null;
  try {
    return read(library, text);
  } catch (error) {
    // a stack overflow inside the module is not undone there: whatever follows would read broken memory
    broken ||= error instanceof Error && /^(?:Range|Runtime)Error$/.test(error.name);
    return null;
  }
}

// hundreds of tables have the same policy, and every policy calls the same helpers
const parsed = new Map<string, SyntaxNode[] | null>();
const mostParsed = 5000;

/** The statements of a text; null where it does not parse. The trees are shared: never change one. */
export function parseStatements(text: string): SyntaxNode[] | null {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const trees = attempt(text, (parser) => (parser.parseSync(text).stmts ?? []).map(({ stmt }) => stmt as SyntaxNode));
  if (parsed.size >= mostParsed) parsed.clear();
  // what a broken parser could not read, a new one may
  if (!broken) parsed.set(text, trees);
  return trees;
}

/** A value expression, as pg_get_expr prints it; null where it does not parse. */
export function parseExpression(text: string): SyntaxNode | null {
  const target = parseStatements(`select (${text}\n)`)?.[0]?.SelectStmt?.targetList?.[0]?.ResTarget?.val as
    | SyntaxNode
    | undefined;
  return target ?? null;
}

/** The dollar quote in which {@link parsePlPgSql} expects the body. */
export const bodyTag = "$watertight_body$";

/**
 * One PL/pgSQL function from its whole CREATE FUNCTION text, the body in {@link bodyTag}; null where it does not parse. The parser has no catalog:
 * a variable of a table's row type has no fields there, and output parameters are no part of the text, so these are declared around the body.
 */
export function parsePlPgSql(createFunction: string): SyntaxNode | null {
  let [head = "", body = ""] = createFunction.split(bodyTag);
  body = body.replaceAll(/[\w.$"]+\s*%\s*rowtype\b/gi, "record").replace(/;?\s*$/, "");
  const declared = new Map<string, string>();
  for (let repairs = 0; repairs < mostRepairs; repairs += 1) {
    const names = [...declared].map(([name, type]) => `"${name.replaceAll('"', '""')}" ${type};`);
    const wrapped = declared.size === 0 ? body : `declare ${names.join(" ")} begin ${body}; end`;
    const outcome = attempt(`${head}${bodyTag}${wrapped}${bodyTag}`, plpgsqlTree);
    if (typeof outcome !== "string") return outcome;
    const [, unknown, field] = /^"([^".]+)(\.[^"]+)?" is not a known variable/.exec(outcome) ?? [];
    const [, typed] = /^"([^"]+)" is not a scalar variable/.exec(outcome) ?? [];
    if (unknown !== undefined && !declared.has(unknown)) declared.set(unknown, field === undefined ? "text" : "record");
    else if (typed !== undefined && asText(body, typed) !== body) body = asText(body, typed);
    else if (typed !== undefined && asText(head, typed) !== head) head = asText(head, typed);
    else return null;
  }
  return null;
}

/** A type that is not PostgreSQL's own (an enum) is taken for a row, which can't be filled by SELECT … INTO a, b: text will do for the tree. */
function asText(text: string, name: string): string {
  const escaped = name.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&");
  const declaration = new RegExp(
    `((?:^|[^\\w.])"?${escaped}"?\\s+(?:constant\\s+)?)(?!text\\b)(?:"[^"]+"|[\\w$]+)(?:\\.(?:"[^"]+"|[\\w$]+))*(?=\\s*(?:\\[|;|:=|=|,|\\)|default\\b|not\\s+null\\b))`,
    "i",
  );
  return text.replace(declaration, "$1text");
}

const mostRepairs = 64;

/** The tree, or what the parser has against the text. */
function plpgsqlTree(parser: typeof LibPgQuery, text: string): SyntaxNode | string | null {
  try {
    const { plpgsql_funcs: functions } = parser.parsePlPgSQLSync(text) as unknown as {
      plpgsql_funcs?: { PLpgSQL_function: SyntaxNode }[];
    };
    return functions?.[0]?.PLpgSQL_function ?? null;
  } catch (error) {
    if (error instanceof Error && error.name === "Error") return error.message;
    throw error;
  }
}

/** The one key of a node, its type: "FuncCall" for { FuncCall: {…} }. */
export function nodeType(node: SyntaxNode): string {
  return Object.keys(node)[0] ?? "";
}

/** The words of a dotted name: [schema, name] or [name]; "*" for a star. */
export function nameWords(list: readonly SyntaxNode[] | undefined): string[] {
  return (list ?? []).map((word) => (word.A_Star ? "*" : ((word.String?.sval as string | undefined) ?? "")));
}

/** The text of a string constant, also below casts; null for anything else. */
export function stringConstant(node: SyntaxNode | undefined): string | null {
  if (!node) return null;
  if (node.TypeCast) return stringConstant(node.TypeCast.arg as SyntaxNode);
  const text: unknown = node.A_Const?.sval?.sval;
  // libpg-query leaves the empty text out of the tree
  return typeof text === "string" ? text : node.A_Const?.sval ? "" : null;
}
