/**
 * The results of a function of the project, from its body: SQL in every notation, and PL/pgSQL. Must never be taken for what the function
 * really does: branches are all read, and SQL that it builds is not.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { parseStatements } from "../sql/parser.ts";
import { type BodySteps, plpgsqlSteps } from "../sql/plpgsql.ts";
import type { Reader } from "./reader.ts";
import { type Scope, scopeWith, type Term } from "./scope.ts";

/** Reads a body with the values of the arguments. */
export function readBody(reader: Reader, routine: Routine, args: readonly (readonly Term[])[]): (readonly Term[])[] {
  const values = new Map<string, readonly Term[]>();
  routine.argumentNames.forEach((name, position) => {
    if (name !== "") values.set(name, args[position] ?? []);
  });
  const scope = scopeWith({ values, positions: args, path: pathOf(routine) });
  const body = stepsOf(routine);
  if (!body) {
    reader.unread(`the body of ${routine.signature} could not be read`);
    return [];
  }
  if (body.dynamic) reader.unread(`${routine.signature} runs SQL that it builds itself`);
  return runSteps(reader, body, scope);
}

function runSteps(reader: Reader, { steps }: BodySteps, scope: Scope): (readonly Term[])[] {
  let result: (readonly Term[])[] = [];
  for (const step of steps) {
    const terms = step.query ? reader.query(step.query, scope).terms : [reader.value(step.expression!, scope)];
    step.into.forEach((name, position) => {
      scope.values.set(name, [...(scope.values.get(name) ?? []), ...(terms[position] ?? [])]);
    });
    if (step.returns) result = terms.map((each, position) => [...(result[position] ?? []), ...each]);
  }
  return result;
}

/** Schemas in which a body's names are looked up: its own search_path, then its schema and public. */
function pathOf(routine: Routine): string[] {
  const setting = routine.settings.find((each) => each.startsWith("search_path="))?.slice("search_path=".length) ?? "";
  return [...setting.split(",").map((each) => each.trim().replaceAll('"', "")), routine.schema, "public"];
}

function stepsOf(routine: Routine): BodySteps | null {
  if (routine.language === "plpgsql") return plpgsqlSteps(routine);
  if (routine.language !== "sql") return null;
  // BEGIN ATOMIC … END and RETURN … come back from the catalog as they were written there
  const atomic = /^\s*begin\s+atomic\s+([\s\S]*?);?\s*end\s*;?\s*$/i.exec(routine.body)?.[1];
  const returned = /^\s*return\s+([\s\S]*?);?\s*$/i.exec(routine.body)?.[1];
  const statements = parseStatements(atomic ?? (returned === undefined ? routine.body : `select ${returned}`));
  if (!statements) return null;
  return {
    dynamic: false,
    steps: statements.flatMap((statement, at) =>
      statement.SelectStmt
        ? [{ query: statement.SelectStmt as SyntaxNode, into: [], returns: at === statements.length - 1 }]
        : [],
    ),
  };
}
