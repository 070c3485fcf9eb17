/**
 * Policies on Supabase's storage.objects (B13): no column there holds a tenant, so what counts is whether a policy compares the owner, the path or
 * the bucket of a file with who asks. Must never report what a public bucket shows anyway, or strangers' policies that no tenant has.
 */
import type { Policy } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { nameWords, parseExpression, stringConstant } from "../../understand/sql/parser.ts";
import { readsContext, routineOf } from "../bodies/caller-check.ts";
import { constantsOf } from "../bodies/name-list.ts";
import { graphOf, tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, RuleFinding, Severity } from "../rule.ts";
import { policyText } from "./leak-findings.ts";
import { publicBuckets } from "./storage-buckets.ts";

const files = { schema: "storage", name: "objects" };
const columns = new Set(["id", "bucket_id", "name", "owner", "owner_id", "path_tokens", "metadata", "user_metadata"]);
const privileged = /admin|staff|superuser|support|operator|moderator|backoffice/i;
const sharedName = /public|avatar|asset|logo|static|banner|thumbnail/i;

/** How far a condition keeps foreign files out: open; partly, for staff or a folder for all; bound. */
type Hold = 0 | 1 | 2;

/** The findings. */
export function openFiles(facts: Facts): RuleFinding[] {
  const relation = graphOf(facts).relation(files);
  if (relation === undefined || !relation.rowSecurity || tenantRelations(facts).length === 0) return [];
  const policies = facts.snapshot.policies.filter(
    (each) => each.relation.schema === files.schema && each.relation.name === files.name,
  );
  const floor = policies.filter((each) => !each.permissive && toMembers(each) && holdOf(facts, textOf(each)) === 2);
  return policies.flatMap((policy): RuleFinding[] => {
    const command = policy.command === "all" ? "delete" : policy.command;
    if (!policy.permissive || !toMembers(policy) || !facts.reach.can(command.toUpperCase(), relation)) return [];
    if (floor.some((each) => each.command === "all" || each.command === policy.command)) return [];
    const hold = holdOf(facts, textOf(policy));
    if (hold === 2) return [];
    const buckets = bucketsOf(textOf(policy));
    const shown = buckets.length > 0 && buckets.every((bucket) => publicBuckets(facts).get(bucket) === true);
    if (policy.command === "select" && shown) return [];
    const named = buckets.every((bucket) => sharedName.test(bucket) && publicBuckets(facts).get(bucket) !== false);
    const shared = policy.command === "select" && buckets.length > 0 && named;
    const where = buckets.length === 0 ? "of every bucket" : `of bucket ${buckets.join(", ")}`;
    return [
      {
        object: { kind: "policy", ...files, part: policy.name },
        table: files,
        message: `Policy ${policy.name} on storage.objects asks neither for the owner nor for the path of a file: ${hold === 1 ? "who satisfies it" : "every signed-in user"} may ${deeds[policy.command]} every tenant's files ${where}.`,
        severity: hold === 1 || shared ? "low" : severities[policy.command],
        evidence: policyText(policy),
        keys: [objectKey.policy(files, policy.name)],
        fix: `compare the path with who asks: (storage.foldername(name))[1] = (select auth.uid())::text, or in (select …) of the tenants that they belong to; begin every path with that id`,
        attackable: false,
      },
    ];
  });
}

const deeds = { select: "read", insert: "add to", update: "change", delete: "delete", all: "read, change and delete" };
const severities: Readonly<Record<Policy["command"], Severity>> = {
  select: "high",
  insert: "high",
  update: "critical",
  delete: "critical",
  all: "critical",
};

const toMembers = ({ roles }: Policy): boolean =>
  roles.some((role) => role !== "anon" && !/service_role|_admin$/.test(role));

function textOf({ command, using, check }: Policy): SyntaxNode | null {
  const text = command === "insert" ? check : (using ?? check);
  return text === null ? null : parseExpression(text);
}

function holdOf(facts: Facts, node: SyntaxNode | null | undefined): Hold {
  if (node === null || node === undefined) return 2;
  const bool = node.BoolExpr as { boolop: string; args: SyntaxNode[] } | undefined;
  if (bool?.boolop === "NOT_EXPR") return leafHold(facts, node);
  if (bool === undefined) return leafHold(facts, node);
  const holds = bool.args.map((each) => holdOf(facts, each));
  return (bool.boolop === "AND_EXPR" ? Math.max(...holds) : Math.min(...holds)) as Hold;
}

function leafHold(facts: Facts, leaf: SyntaxNode): Hold {
  // service_role and anon are no tenants; an empty boolval is false
  if (/"sval":"(service_role|anon|supabase_admin)"/.test(JSON.stringify(leaf))) return 2;
  if (leaf.A_Const?.boolval !== undefined && leaf.A_Const.boolval.boolval !== true) return 2;
  const seen = { column: false, path: false, helper: false, words: "" };
  const visit = (tree: unknown, inside: boolean): void =>
    walkTree(tree, (type, node) => {
      if (type === "SubLink" && !inside) {
        visit(node.testexpr, false);
        visit(node.subselect, true);
        return false;
      }
      // pg_get_expr writes the outer table's name inside a sub-select: name alone is another table's there
      const words = type === "ColumnRef" ? nameWords(node.fields as SyntaxNode[]) : [];
      const own = words.length > 1 ? words.at(-2) === "objects" : !inside;
      if (own && columns.has(words.at(-1) ?? "")) {
        seen.column = true;
        seen.path ||= /^(name|path_tokens)$/.test(words.at(-1)!);
      }
      if (type === "FuncCall") {
        const name = nameWords(node.funcname as SyntaxNode[]).at(-1) ?? "";
        seen.words += ` ${name}`;
        if (name === "extension") return false;
        const called = routineOf(facts, node);
        seen.helper ||= called !== undefined && called.schema !== "storage" && called.schema !== "auth";
      }
      const text = type === "A_Const" ? stringConstant({ A_Const: node }) : null;
      if (text !== null) seen.words += ` ${text}`;
      return true;
    });
  visit(leaf, false);
  const asks = readsContext(facts, leaf) || seen.helper;
  if (seen.column && (asks || leaf.SubLink !== undefined)) return 2;
  // a folder for everybody, staff
  if (seen.path) return 1;
  return asks && leaf.SubLink === undefined && privileged.test(seen.words) ? 1 : 0;
}

/** The buckets that a condition names. */
function bucketsOf(tree: SyntaxNode | null): string[] {
  const found = new Set<string>();
  walkTree(tree, (type, node) => {
    if (type !== "A_Expr" || nameWords(node.name as SyntaxNode[]).at(-1) !== "=") return;
    for (const [one, other] of [
      [node.lexpr, node.rexpr],
      [node.rexpr, node.lexpr],
    ] as (SyntaxNode | undefined)[][])
      if (nameWords(one?.ColumnRef?.fields as SyntaxNode[] | undefined).at(-1) === "bucket_id")
        for (const name of constantsOf(other, { arrays: new Map() }) ?? []) found.add(name);
  });
  return [...found];
}
