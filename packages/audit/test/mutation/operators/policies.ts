/**
 * Mistakes in which policies there are: a floor that is gone, permissive or narrow, a check that is gone, a policy too many.
 */
import type { Policy } from "@watertight/schema";
import { replaced } from "../change.ts";
import type { CleanSchema, Mutation, Operator } from "../mutation.ts";
import { bearingPolicies, hasFloor, isTenants, mayDo, type PolicySource } from "../policies.ts";
import { at, cut, inParens, put, wordsAt } from "../text.ts";

/** An operator that changes the text of a policy; null takes it away. */
function onPolicies(
  operator: Omit<Operator, "mutate">,
  change: (policy: PolicySource, schema: CleanSchema) => readonly string[] | undefined,
): Operator {
  return {
    ...operator,
    mutate: (schema) =>
      bearingPolicies(schema).flatMap((policy): Mutation[] => {
        const by = change(policy, schema);
        return by === undefined ? [] : [replaced(schema, policy.target, policy.at, ...by)];
      }),
  };
}

/** Requests have the right, and no floor would hold what a new policy lets through. */
const isOpen = (schema: CleanSchema, policy: PolicySource, command: Policy["command"]): boolean =>
  mayDo(schema, policy.table, command.toUpperCase()) && !hasFloor(schema, policy, command);

const floor = ({ policy }: PolicySource): boolean => !policy.permissive;
const on = ({ table }: PolicySource): string => `on ${table.schema}.${table.name}`;
const clauseOf = ({ text, using, check }: PolicySource): string => at(text, (using ?? check)!);

/** `create policy … for all` → for one command. */
function forCommand({ text }: PolicySource, command: string): string | undefined {
  const span = wordsAt(text, /\bfor\s+all\b/);
  if (span !== undefined) return put(text, span, `for ${command}`);
  const before = wordsAt(text, /\b(to\s+\w+\s+)?using\b/);
  return before && put(text, { start: before.start, end: before.start }, `for ${command} `);
}

const ownKey =
  "the table of tenants: a row that is added or moved there is a new tenant, and its key is taken by nobody";
const wide = ["B1", "B2", "B13", "B21"];

/** Operators on policies. */
export const policyOperators: readonly Operator[] = [
  onPolicies(
    {
      name: "drop-floor",
      what: "a restrictive floor that isolates is dropped",
      vectors: ["A13", ...wide],
      sparing: "permissive policies: without one there are fewer rows, not more",
    },
    (policy) => (floor(policy) ? [] : undefined),
  ),
  onPolicies(
    { name: "permissive-floor", what: "AS RESTRICTIVE is forgotten", vectors: wide, sparing: "tables without a floor" },
    ({ text }) => {
      const without = cut(text, /\bas\s+restrictive\b/);
      return without === undefined ? undefined : [without];
    },
  ),
  onPolicies(
    {
      name: "floor-for-select",
      what: "a floor for SELECT only",
      vectors: ["A10", "B6", "B7", "B8"],
      sparing: "tables that are only read",
    },
    (policy, schema) => {
      const writes = ["INSERT", "UPDATE", "DELETE"].some((each) => mayDo(schema, policy.table, each));
      const text =
        floor(policy) && policy.policy.command === "all" && writes ? forCommand(policy, "select") : undefined;
      return text === undefined ? undefined : [text];
    },
  ),
  onPolicies(
    { name: "floor-to-nobody", what: "a floor TO a role that nobody has", vectors: ["A10", ...wide] },
    (policy) => {
      const before = floor(policy) ? wordsAt(policy.text, /\busing\b|\bwith\s+check\b/) : undefined;
      return before && ["create role mutant nologin", put(policy.text, { ...before, end: before.start }, "to mutant ")];
    },
  ),
  onPolicies(
    {
      name: "drop-check",
      what: "WITH CHECK is dropped",
      vectors: ["B6", "B7", "B8", "A10"],
      sparing:
        "policies with USING (PostgreSQL takes that as the check), and permissive INSERT policies (without a check nothing is let in)",
    },
    (policy) => {
      if (policy.policy.permissive || policy.check === undefined) return undefined;
      if (policy.using !== undefined && at(policy.text, policy.using).trim() !== "true") return undefined;
      const words = wordsAt(policy.text, /\bwith\s+check\b/)!;
      return [put(policy.text, { start: words.start, end: policy.check.end + 1 }, "")];
    },
  ),
  onPolicies(
    { name: "second-policy", what: "a second permissive policy lets everybody read", vectors: wide },
    (policy, schema) =>
      policy.policy.permissive && isOpen(schema, policy, "select")
        ? [policy.text, `create policy mutant ${on(policy)} for select using (true)`]
        : undefined,
  ),
  onPolicies(
    { name: "delete-all", what: "a DELETE policy for all rows", vectors: ["B7", ...wide] },
    (policy, schema) =>
      policy.policy.permissive && isOpen(schema, policy, "delete")
        ? [policy.text, `create policy mutant ${on(policy)} for delete using (true)`]
        : undefined,
  ),
  onPolicies(
    { name: "insert-any", what: "an INSERT policy that checks nothing", vectors: ["B8", ...wide], sparing: ownKey },
    (policy, schema) =>
      policy.policy.permissive && !isTenants(schema, policy) && isOpen(schema, policy, "insert")
        ? [policy.text, `create policy mutant ${on(policy)} for insert with check (true)`]
        : undefined,
  ),
  onPolicies(
    {
      name: "move-any",
      what: "an UPDATE policy whose WITH CHECK is (true)",
      vectors: ["B6", ...wide],
      sparing: ownKey,
    },
    (policy, schema) =>
      policy.policy.permissive && policy.using && !isTenants(schema, policy) && isOpen(schema, policy, "update")
        ? [policy.text, `create policy mutant ${on(policy)} for update using (${clauseOf(policy)}) with check (true)`]
        : undefined,
  ),
  onPolicies(
    {
      name: "policy-of-support",
      what: "a policy for support reads everything, and the application's role joins support",
      vectors: ["A9", ...wide],
    },
    (policy, schema) =>
      policy.policy.permissive && isOpen(schema, policy, "select")
        ? [
            policy.text,
            "create role mutant nologin",
            `create policy mutant ${on(policy)} for select to mutant using (true)`,
            ...schema.roles.map((role) => `grant mutant to ${role}`),
          ]
        : undefined,
  ),
  onPolicies(
    { name: "unguarded-empty", what: "nullif is forgotten: an empty setting raises", vectors: ["B5"] },
    ({ text }) => {
      const inside = inParens(text, /\bnullif/);
      const words = wordsAt(text, /\bnullif\b/);
      const call = inside && at(text, inside).replace(/,\s*''\s*$/, "");
      return inside && words && call ? [put(text, { start: words.start, end: inside.end + 1 }, call)] : undefined;
    },
  ),
];
