/** Mistakes in the bodies of functions, and in who may call them: what they no longer compare, leave behind, or let in. */
import { type FunctionSource, functionsOf, isTrigger, mayCall, onFunctions, unboundTables } from "../functions.ts";
import type { CleanSchema, Mutation, Operator } from "../mutation.ts";
import { at, put } from "../text.ts";

const uncalled = "functions that requests can't call";

/** The schema without a REVOKE. */
function forgotten(schema: CleanSchema, index: number, open: readonly FunctionSource[]): Mutation {
  const migrations = [schema.statements.map(({ text }) => text).toSpliced(index, 1)];
  const delta = open.map(({ routine }) => `grant execute on function ${routine.signature} to public`);
  return { target: open.map(({ target }) => target).join(" "), migrations, delta };
}

/** Operators on bodies. */
export const bodyOperators: readonly Operator[] = [
  onFunctions(
    {
      name: "forgotten-comparison",
      what: "a definer function no longer compares rows with the caller",
      vectors: ["D4", "D6", "B2", "B1", "B10", "B13", "B11", "A3"],
      sparing:
        "functions whose owner the policies bind, and those that raise for strangers: what is lost there is lost within a tenant",
    },
    (source, schema) => {
      const { body, routine, text } = source;
      if (
        body === undefined ||
        isTrigger(source) ||
        !routine.securityDefiner ||
        unboundTables(schema, routine).length === 0
      )
        return undefined;
      if (!source.inPolicies && !mayCall(schema, routine)) return undefined;
      const before = at(text, body);
      if (/\braise exception\b/i.test(before)) return undefined;
      const comparison =
        /[\w.]+ = (\(select auth\.uid\(\)\)|auth\.uid\(\)|\(select auth\.jwt\(\) ->> 'email'\)|current_user_id\(\)|app_public\.current_\w+\(\)|\(select nullif\([^()]*(?:\([^()]*\))?[^()]*\)(?:::\w+)?\)(?:::\w+)?|(?:pg_catalog\.)?nullif\((?:pg_catalog\.)?current_setting\([^()]*\), ''\)(?:::\w+)?)/i;
      const after = before.replace(comparison, "true");
      return after === before ? undefined : put(text, body, after);
    },
  ),
  onFunctions(
    {
      name: "session-wide-context",
      what: "set_config(…, false): the context outlives the request",
      vectors: ["C1", "C3", "D15"],
      sparing: uncalled,
    },
    ({ text, body, routine }, schema) =>
      body && mayCall(schema, routine)
        ? put(text, body, at(text, body).replace(/(set_config\([^;]*), true\)/, "$1, false)"))
        : undefined,
  ),
  onFunctions(
    {
      name: "context-not-restored",
      what: "the context is not given back",
      vectors: ["D15", "C8", "C4", "C1"],
      sparing: uncalled,
    },
    ({ text, body, routine }, schema) => {
      const before = body && mayCall(schema, routine) ? at(text, body) : undefined;
      const calls = before === undefined ? [] : [...before.matchAll(/perform set_config\([^;]*;/g)];
      const last = calls.length > 1 ? calls.at(-1) : undefined;
      return body && before !== undefined && last
        ? put(text, body, before.slice(0, last.index) + before.slice(last.index + last[0].length))
        : undefined;
    },
  ),
  onFunctions(
    {
      name: "unquoted-dynamic-sql",
      what: "%s in the place of %I or %L, $1 written into the text",
      vectors: ["D14", "D4"],
    },
    ({ text, body, routine }) =>
      body && routine.securityDefiner ? put(text, body, at(text, body).replaceAll(/%[IL]/g, "%s")) : undefined,
  ),
  {
    name: "revoke-forgotten",
    what: "EXECUTE of a definer function is not revoked from PUBLIC",
    vectors: ["D6", "D4", "C1"],
    sparing: "functions that check the caller themselves: these may be called by anybody",
    mutate: (schema) =>
      schema.statements.flatMap(({ tree }, index): Mutation[] => {
        const grant = tree["GrantStmt"];
        if (
          grant === undefined ||
          index < schema.given ||
          grant["is_grant"] === true ||
          grant["objtype"] !== "OBJECT_FUNCTION"
        )
          return [];
        const names = (
          (grant["objects"] ?? []) as { ObjectWithArgs?: { objname: { String: { sval: string } }[] } }[]
        ).map(({ ObjectWithArgs: object }) => object?.objname.map(({ String: { sval } }) => sval).join(".") ?? "");
        const open = functionsOf(schema).filter(
          ({ target, routine }) =>
            (names.length === 0 || names.includes(target)) &&
            routine.securityDefiner &&
            routine.returns !== "trigger" &&
            !mayCall(schema, routine) &&
            unboundTables(schema, routine).length > 0,
        );
        return open.length === 0 ? [] : [forgotten(schema, index, open)];
      }),
  },
];
