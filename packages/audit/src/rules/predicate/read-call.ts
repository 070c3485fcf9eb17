/**
 * Calls of functions, and what the project's own functions answer: SQL bodies are read with the arguments in place of the parameters, PL/pgSQL
 * bodies by read-plpgsql.ts. Must never follow a function without end, and never pretend to know a body that is C or built at run time.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords, parseStatements } from "../../understand/sql/parser.ts";
import { plpgsqlAnswer } from "./read-plpgsql.ts";
import { type Reader, type Scope, scope as place } from "./scope.ts";
import { type Select, type Term, truth } from "./term.ts";

const deepest = 6;

/** Reads the fields of a FuncCall. */
export function readCall(reader: Reader, inner: SyntaxNode, scope: Scope): Term {
  const words = nameWords(inner.funcname as SyntaxNode[]);
  const schema = words.length > 1 ? words.at(-2)! : null;
  const name = words.at(-1)!;
  const given = ((inner.args as SyntaxNode[] | undefined) ?? []).map((arg) => ({
    name: arg.NamedArgExpr?.name as string | undefined,
    term: reader.term((arg.NamedArgExpr?.arg ?? arg) as SyntaxNode, scope),
  }));
  const routine =
    schema === "pg_catalog"
      ? null
      : reader.catalog.routine(schema, name, given.length, schema === null ? scope.path : [schema]);
  const args =
    routine === null || given.every((arg) => arg.name === undefined)
      ? given.map(({ term }) => term)
      : inOrder(routine, given);
  let body: Term | null | undefined;
  return {
    kind: "call",
    schema: routine?.schema ?? schema,
    name,
    args,
    routine,
    body() {
      if (body === undefined) {
        body = null;
        body = routine === null || scope.depth >= deepest ? null : answerOf(reader, routine, args, scope);
      }
      return body;
    },
  };
}

function inOrder(routine: Routine, given: readonly { name: string | undefined; term: Term }[]): Term[] {
  return routine.argumentNames.map(
    (name, at) =>
      (given.find((arg) => arg.name === name) ?? given.filter((arg) => arg.name === undefined)[at])?.term ??
      truth(null),
  );
}

/** What a routine answers for these arguments, as a term; null where it can't be read. */
function answerOf(reader: Reader, routine: Routine, args: readonly Term[], caller: Scope): Term | null {
  const inner = place({
    path: searchPath(routine),
    actor: routine.securityDefiner ? routine.owner : caller.actor,
    depth: caller.depth + 1,
    taken: caller.taken,
    positions: args,
    variables: new Map(
      routine.argumentNames.flatMap((name, at) => (name === "" ? [] : [[name, args[at] ?? truth(null)] as const])),
    ),
  });
  if (routine.language === "plpgsql") return plpgsqlAnswer(reader, routine, inner);
  return routine.language === "sql" ? sqlAnswer(reader, routine, inner) : null;
}

/** Schemas in which a routine's unqualified names are looked up. */
export function searchPath(routine: Routine): string[] {
  const set = routine.settings.find((each) => /^search_path=/i.test(each));
  const schemas = (set?.slice("search_path=".length) ?? "")
    .split(",")
    .map((word) => word.trim().replaceAll(/^"|"$/g, ""))
    .filter((word) => word !== "" && word !== "$user" && word !== "pg_temp" && word !== "pg_catalog");
  return schemas.length > 0 ? schemas : [...new Set(["public", routine.schema])];
}

/** The statements of an SQL body, in either form. */
function sqlBody(routine: Routine): readonly SyntaxNode[] {
  const text = routine.body.trim();
  const single = /^RETURN\b/i.test(text) ? `select ${text.slice("return".length)}` : null;
  const block = /^BEGIN\s+ATOMIC\b([\s\S]*)\bEND\s*;?$/i.exec(text)?.[1];
  return parseStatements(single ?? block ?? text) ?? [];
}

function sqlAnswer(reader: Reader, routine: Routine, inner: Scope): Term | null {
  const last = sqlBody(routine).at(-1)?.SelectStmt as SyntaxNode | undefined;
  if (last === undefined) return null;
  const select = reader.select(last, inner);
  return routine.returnsSet ? { kind: "select", select: named(routine, select) } : scalar(select);
}

/** A sub-select as a value: without rows it is just its answer. */
function scalar(select: Select): Term {
  const [branch, ...others] = select.branches;
  const plain =
    others.length === 0 && branch?.rows.length === 0 && branch.where.kind === "constant" && branch.where.value === true;
  return plain ? (branch.targets[0]?.term ?? truth(null)) : { kind: "select", select };
}

/** RETURNS TABLE (names …) names the answers. */
function named(routine: Routine, select: Select): Select {
  const names = /^TABLE\((.*)\)$/s
    .exec(routine.returns)?.[1]
    ?.split(",")
    .map((each) => each.trim().split(/\s+/)[0]!.replaceAll('"', ""));
  if (names === undefined) return select;
  return {
    branches: select.branches.map((branch) => ({
      ...branch,
      targets: branch.targets.map((target, at) => ({ ...target, name: names[at] ?? target.name })),
    })),
  };
}
