/** Mistakes in what functions say of themselves, and whose names they find. */
import { appended } from "../change.ts";
import { functionsOf, type FunctionSource, isTrigger, mayCall, onFunctions, unboundTables } from "../functions.ts";
import type { CleanSchema, Mutation, Operator } from "../mutation.ts";
import { at, cut, put, wordsAt } from "../text.ts";

const volatility = /\b(stable|immutable|volatile)\b/;
const reads = ({ routine }: FunctionSource): boolean =>
  /current_setting|auth\.|\bfrom\b|_user_id\(/i.test(routine.body);

/** The body with names of its own schema's relations and functions bare. */
function bare({ text, body }: FunctionSource): string | undefined {
  if (body === undefined) return undefined;
  const before = at(text, body);
  const after = before.replaceAll(/\b(from|join|into|update)\s+(?:public|app_private|crm|app)\./gi, "$1 ");
  return after === before ? undefined : put(text, body, after);
}

/** A name without a schema behind FROM, JOIN, INTO or UPDATE, of a relation that there is. */
function hasBareNames({ routine }: FunctionSource, { facts }: CleanSchema): boolean {
  const names = [...routine.body.matchAll(/\b(?:from|join|into|update)\s+(\w+)(?![\w.(])/gi)].map(([, name]) => name);
  return !routine.atomic && facts.snapshot.relations.some(({ name }) => names.includes(name));
}

/** Operators on functions. */
export const functionOperators: readonly Operator[] = [
  onFunctions({ name: "immutable-helper", what: "a helper of policies says IMMUTABLE", vectors: ["B16"] }, (source) => {
    const span = wordsAt(source.text, volatility);
    return source.inPolicies && reads(source) && span ? put(source.text, span, "immutable") : undefined;
  }),
  onFunctions(
    { name: "volatile-helper", what: "a helper of policies says nothing, so it is VOLATILE", vectors: ["B19"] },
    (source) => (source.inPolicies ? cut(source.text, volatility) : undefined),
  ),
  onFunctions(
    {
      name: "no-search-path",
      what: "SET search_path is forgotten, and the names have no schema",
      vectors: ["D5", "B17"],
      sparing: "functions without names that a caller can put something in the way of, and those that nobody calls",
    },
    (source, schema) => {
      if (
        !source.path ||
        isTrigger(source) ||
        !(source.inPolicies || (source.routine.securityDefiner && mayCall(schema, source.routine)))
      )
        return undefined;
      const without = put(source.text, source.path, "");
      if (hasBareNames(source, schema)) return without;
      const text = bare(source);
      if (text === undefined) return undefined;
      return text.replace(at(source.text, source.path), "");
    },
  ),
  onFunctions(
    {
      name: "path-without-pg-temp",
      what: "the path of a definer function does not end with pg_temp",
      vectors: ["D5", "B17"],
      sparing: "functions whose names all have a schema",
    },
    (source, schema) => {
      const { path, routine, text } = source;
      if (!path || isTrigger(source) || !(source.inPolicies || (routine.securityDefiner && mayCall(schema, routine))))
        return undefined;
      if (hasBareNames(source, schema)) {
        const by = at(text, path).replace(/,\s*pg_temp\b/, "");
        return put(text, path, by);
      }
      const open = bare(source);
      return open?.replace(at(text, path), `set search_path = ${routine.schema}`);
    },
  ),
  onFunctions(
    {
      name: "becomes-definer",
      what: "SECURITY DEFINER is added to a function that reads tenants' rows",
      vectors: ["D4", "D6", "D8", "A3"],
      sparing: "functions over tables that bind their owner",
    },
    (source, schema) => {
      const { routine, text } = source;
      const before = wordsAt(text, /\blanguage\b/);
      if (routine.securityDefiner || isTrigger(source) || !before || !mayCall(schema, routine)) return undefined;
      if (unboundTables(schema, routine).length === 0) return undefined;
      const invoker = wordsAt(text, /\bsecurity\s+invoker\b/);
      return invoker
        ? put(text, invoker, "security definer")
        : put(text, { ...before, end: before.start }, "security definer ");
    },
  ),
  {
    name: "leakproof",
    what: "a function with arguments is declared LEAKPROOF",
    vectors: ["D12"],
    sparing: "functions that requests can't call",
    mutate: (schema) =>
      functionsOf(schema).flatMap((source): Mutation[] =>
        source.routine.arguments.length > 0 && !isTrigger(source) && mayCall(schema, source.routine)
          ? [appended(schema, source.target, null, `alter function ${source.routine.signature} leakproof`)]
          : [],
      ),
  },
  {
    name: "replaced-without-path",
    what: "CREATE OR REPLACE without SET search_path",
    vectors: ["D7", "D5"],
    sparing: "functions that request can't reach",
    mutate: (schema) =>
      functionsOf(schema).flatMap((source): Mutation[] => {
        const { path, routine, text, target } = source;
        if (!path || !routine.securityDefiner || isTrigger(source) || !mayCall(schema, routine)) return [];
        const again = put(text, path, "").replace(/create\s+(or\s+replace\s+)?function/i, "create or replace function");
        return [appended(schema, target, routine.owner, again)];
      }),
  },
];
