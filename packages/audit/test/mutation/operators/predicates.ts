/**
 * Mistakes in what a policy says: a comparison that is widened, loosened, gone, or made with something that the caller decides. Only where the isolation
 * of a table hangs on that policy.
 */
import { contextSetting, literalOf } from "../context.ts";
import type { CleanSchema, Operator } from "../mutation.ts";
import { replaced } from "../change.ts";
import { bearingPolicies, type Comparison, isTenants, type PolicySource } from "../policies.ts";
import { at, put } from "../text.ts";

const alone = "policies that no request meets, or beside which another policy still isolates";

/** An operator that writes the whole clause anew. */
function clause(
  name: string,
  what: string,
  vectors: readonly string[],
  write: (before: string, policy: PolicySource, schema: CleanSchema) => string | undefined,
  which: "using" | "check" = "using",
): Operator {
  return {
    name,
    what,
    vectors,
    sparing: alone,
    mutate: (schema) =>
      bearingPolicies(schema).flatMap((policy) => {
        const span = policy[which];
        const by = span && write(at(policy.text, span), policy, schema);
        return by === undefined || span === undefined
          ? []
          : [replaced(schema, policy.target, policy.at, put(policy.text, span, by))];
      }),
  };
}

/** An operator that rewrites `column = context`. */
function comparison(
  name: string,
  what: string,
  vectors: readonly string[],
  write: (comparison: Comparison, schema: CleanSchema) => string | undefined,
): Operator {
  return {
    name,
    what,
    vectors,
    sparing: alone,
    mutate: (schema) =>
      bearingPolicies(schema).flatMap((policy) => {
        const { comparison: found, text } = policy;
        const by = found && policy.using && write(found, schema);
        return by === undefined ? [] : [replaced(schema, policy.target, policy.at, put(text, found!.clause, by))];
      }),
  };
}

const widened = ["B1", "B2", "B13", "B21", "B6", "B7", "B8"];
/** Operators on predicates. */
export const predicateOperators: readonly Operator[] = [
  clause("using-true", "USING (true)", widened, () => "true"),
  clause("or-true", "… OR true, left from a test", widened, (before) => `(${before}) or true`),
  clause(
    "or-unset",
    "everything where no context is set",
    ["B3", ...widened],
    (before, _, schema) => `(${before}) or current_setting('${contextSetting(schema)}', true) is null`,
  ),
  clause(
    "or-empty",
    "everything where the context is empty",
    ["B3", ...widened],
    (before, _, schema) => `(${before}) or coalesce(current_setting('${contextSetting(schema)}', true), '') = ''`,
  ),
  clause(
    "or-bypass-setting",
    "a setting that lifts the policy",
    ["B4"],
    (before) => `(${before}) or current_setting('app.bypass_rls', true) = 'on'`,
  ),
  clause(
    "or-own-claim",
    "a claim that the user writes lifts the policy",
    ["B12", "B4", "C11"],
    (before) => `(${before}) or (current_setting('request.headers', true)::jsonb ->> 'x-admin') = 'yes'`,
  ),
  clause(
    "check-true",
    "WITH CHECK (true) where there was a comparison",
    ["B6", "B8", ...widened],
    (_, policy, schema) => (isTenants(schema, policy) ? undefined : "true"),
    "check",
  ),
  comparison(
    "not-null-only",
    "the column is only asked whether it is there",
    widened,
    ({ column }) => `${column} is not null`,
  ),
  comparison(
    "signed-in-only",
    "the context is only asked whether it is there",
    widened,
    ({ context }) => `${context} is not null`,
  ),
  comparison(
    "coalesced-context",
    "coalesce(context, column): no context matches every row",
    ["B3", ...widened],
    ({ column, context }) => `${column} = coalesce(${context}, ${column})`,
  ),
  comparison("greater-or-equal", ">= in the place of =", ["B14"], ({ column, context }) => `${column} >= ${context}`),
  comparison(
    "not-equal",
    "<> in the place of =",
    ["B14", ...widened],
    ({ column, context }) => `${column} <> ${context}`,
  ),
  comparison(
    "prefix-match",
    "LIKE with a prefix",
    ["B14"],
    ({ column, context }) => `${column}::text like left((${context})::text, 4) || '%'`,
  ),
  comparison(
    "pattern-match",
    "LIKE with a value that the caller sets",
    ["B14"],
    ({ column }) => `${column}::text like current_setting('app.tenant_pattern', true)`,
  ),
  comparison(
    "comma-list",
    "one of a list in a setting",
    ["B14", "C11"],
    ({ column }) => `position(${column}::text in current_setting('app.tenants', true)) > 0`,
  ),
  comparison(
    "self-comparison",
    "the column is compared with itself",
    ["B2", "B10", "B13"],
    ({ column }) => `${column} = ${column}`,
  ),
  comparison("literal-tenant", "a literal, left from a test", ["B23"], ({ column, type }) => {
    const literal = literalOf(type);
    return literal && `${column} = ${literal}`;
  }),
  comparison(
    "header-claim",
    "the tenant out of a header of the request",
    ["B12"],
    ({ column, type }) => `${column} = (current_setting('request.headers', true)::jsonb ->> 'x-tenant-id')::${type}`,
  ),
  comparison(
    "user-metadata",
    "the tenant out of what the user may change",
    ["B12"],
    ({ column, type }) =>
      `${column} = (current_setting('request.jwt.claims', true)::jsonb -> 'user_metadata' ->> 'tenant_id')::${type}`,
  ),
];
