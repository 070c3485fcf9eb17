/**
 * The policies of a clean schema, in their source: clauses, the comparison that isolates, and whether the isolation hangs on this policy alone. Only
 * then is a change to it a mistake that shows.
 */
import type { Policy, QualifiedName, Relation } from "@watertight/schema";
import type { SyntaxNode } from "../../src/history/statement.ts";
import type { CleanSchema } from "./mutation.ts";
import { inParens, type Span } from "./text.ts";

/** One CREATE POLICY. */
export interface PolicySource {
  readonly at: number;
  readonly text: string;
  readonly target: string;
  readonly table: Relation;
  readonly policy: Policy;
  readonly using: Span | undefined;
  readonly check: Span | undefined;
  /** Where the whole of USING (of WITH CHECK, where there is no USING) is `column = context`. */
  readonly comparison: Comparison | undefined;
}

/** `column = context`, or the other way round. */
export interface Comparison {
  readonly clause: Span;
  readonly column: string;
  readonly type: string;
  readonly context: string;
}

const same = (a: QualifiedName, b: QualifiedName): boolean => a.schema === b.schema && a.name === b.name;

/** Those of policies that requests meet and on which alone the isolation of their commands hangs. */
export function bearingPolicies(schema: CleanSchema): PolicySource[] {
  return allPolicies(schema).filter((each) => isMet(schema, each) && isAlone(schema, each));
}

/** All policies of a schema that are the user's. */
export function allPolicies(schema: CleanSchema): PolicySource[] {
  return schema.statements.flatMap(({ text, tree }, index) => {
    const node = tree["CreatePolicyStmt"] as SyntaxNode | undefined;
    if (node === undefined || index < schema.given) return [];
    const name = { schema: (node["table"].schemaname as string | undefined) ?? "public", name: node["table"].relname };
    const table = schema.facts.snapshot.relations.find((each) => same(each, name));
    const policy = schema.facts.snapshot.policies.find(
      (each) => each.name === node["policy_name"] && same(each.relation, name),
    );
    if (table === undefined || policy === undefined) return [];
    const [using, check] = [inParens(text, /\busing/), inParens(text, /\bwith\s+check/)];
    const clause = using ?? check;
    const tree_ = (node["qual"] ?? node["with_check"]) as SyntaxNode | undefined;
    const comparison = clause && tree_ && comparisonOf(text, clause, tree_, table);
    return [
      {
        at: index,
        text,
        target: `${name.schema}.${name.name} ${policy.name}`,
        table,
        policy,
        using,
        check,
        comparison,
      },
    ];
  });
}

function comparisonOf(text: string, clause: Span, tree: SyntaxNode, table: Relation): Comparison | undefined {
  const node = tree["A_Expr"] as SyntaxNode | undefined;
  if (node?.["kind"] !== "AEXPR_OP" || node["name"][0].String.sval !== "=") return undefined;
  const operator = node["location"] as number;
  const sides = [text.slice(clause.start, operator), text.slice(operator + 1, clause.end)].map((side) => side.trim());
  for (const [column = "", context = ""] of [sides, sides.toReversed()]) {
    const found = table.columns.find(({ name }) => name === column);
    if (found !== undefined && context.includes("(")) return { clause, column, type: found.type, context };
  }
  return undefined;
}

/** Rights that a request has on a table. */
export function mayDo({ facts, roles }: CleanSchema, table: QualifiedName, privilege: string): boolean {
  const relation = facts.snapshot.relations.find((each) => same(each, table));
  return relation?.acl.some((each) => each.privilege === privilege && isOf(roles, each.role)) === true;
}

const isOf = (roles: readonly string[], role: string): boolean => role === "public" || roles.includes(role);

function isMet(schema: CleanSchema, { policy, table }: PolicySource): boolean {
  // rows that are everybody's on purpose
  if (policy.permissive && policy.using === "true" && isAlone(schema, { policy, table })) return false;
  const commands = policy.command === "all" ? ["select", "insert", "update", "delete"] : [policy.command];
  return (
    policy.roles.some((role) => isOf(schema.roles, role)) &&
    commands.some((command) => mayDo(schema, table, command.toUpperCase()))
  );
}

/** A floor holds what a permissive policy lets through, and the other way round. */
function isAlone({ facts }: CleanSchema, { policy, table }: Pick<PolicySource, "policy" | "table">): boolean {
  const others = facts.snapshot.policies.filter((each) => same(each.relation, table) && each.name !== policy.name);
  const covers = (each: Policy): boolean =>
    [each.command, policy.command].includes("all") || each.command === policy.command;
  if (others.some((each) => !each.permissive && covers(each))) return false;
  const open = ({ using, check, calls }: Policy): boolean =>
    calls.length === 0 && !/current_setting|current_user|session_user/i.test(`${using} ${check}`);
  return policy.permissive || others.some((each) => each.permissive && covers(each) && open(each));
}

/** Whether the policy is on the table of the tenants themselves. */
export function isTenants({ facts }: CleanSchema, { table }: PolicySource): boolean {
  return facts.understanding.tables.some(
    ({ relation, tenancy }) => same(relation, table) && tenancy.kind === "tenants",
  );
}

/** Whether a restrictive policy holds what a new permissive one for the command would let through. */
export function hasFloor({ facts }: CleanSchema, { table }: PolicySource, command: Policy["command"]): boolean {
  return facts.snapshot.policies.some(
    (each) => !each.permissive && same(each.relation, table) && (each.command === "all" || each.command === command),
  );
}
