/**
 * Leaks as findings: one for each policy, with the case that lets rows through and where. Must never print a policy's condition without saying
 * which part of it leaks.
 */
import type { Policy, Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { said, sqlName } from "../exposure/words.ts";
import type { Facts, RuleFinding, Severity } from "../rule.ts";
import { type Cause, causedLeaks, type CausedLeak } from "./cause.ts";
import { courtOf } from "./court.ts";
import { wayText } from "./leaks.ts";

/** What leaks through one policy for one cause. */
export interface LeakGroup {
  readonly relation: Relation;
  readonly policy: Policy;
  /** The worst first. */
  readonly leaks: readonly CausedLeak[];
  /** The table as a person says it. */
  readonly table: string;
  /** What has to hold beside, of the worst leak. */
  readonly way: string;
  /** "read", "change" … of all leaks, in words. */
  readonly can: string;
}

/** What a rule says of a group. */
export interface LeakWords {
  readonly message: string;
  readonly fix: string;
  readonly evidence?: readonly string[];
}

const order: readonly Severity[] = ["critical", "high", "medium", "low", "info"];
const deeds: Readonly<Record<string, string>> = {
  "select using": "read",
  "insert check": "add",
  "update using": "change",
  "update check": "hand over",
  "delete using": "delete",
};

/** The findings of a cause. */
export function leakFindings(facts: Facts, cause: Cause, words: (group: LeakGroup) => LeakWords): RuleFinding[] {
  const groups = new Map<Policy, CausedLeak[]>();
  for (const leak of causedLeaks(facts))
    if (leak.cause === cause) groups.set(leak.guard.policy, [...(groups.get(leak.guard.policy) ?? []), leak]);
  return [...groups].map(([policy, found]) => {
    const leaks = [...found].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
    const { relation, severity, way } = leaks[0]!;
    const can = [...new Set(leaks.map(({ door }) => deeds[`${door.command} ${door.side}`]!))].join(" and ");
    const {
      message,
      fix,
      evidence = [],
    } = words({ relation, policy, leaks, table: said(relation), way: wayText(way), can });
    return {
      object: { kind: "policy", schema: relation.schema, name: relation.name, part: policy.name },
      table: { schema: relation.schema, name: relation.name },
      message,
      severity,
      evidence: [...policyText(policy), ...cases(leaks), ...evidence],
      keys: [objectKey.policy(relation, policy.name)],
      fix,
      attackable: true,
    };
  });
}

/** A policy's own conditions. */
export function policyText({ name, permissive, command, roles, using, check }: Policy): string[] {
  const head = `${permissive ? "" : "restrictive "}policy ${name} for ${command} to ${roles.join(", ")}`;
  return [
    ...(using === null ? [] : [`${head}: using ${oneLine(using)}`]),
    ...(check === null ? [] : [`${head}: with check ${oneLine(check)}`]),
  ];
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ");

const states = {
  open: "",
  unset: " on a fresh connection, without a context",
  empty: " on a used connection, without a context",
};

function cases(leaks: readonly CausedLeak[]): string[] {
  const said = leaks.map(
    ({ door, role, session, way }) =>
      `${role} may ${door.command} foreign rows${states[session]} (${door.side === "using" ? "USING" : "WITH CHECK"}): ${wayText(way)}`,
  );
  return [...new Set(said)].slice(0, 8);
}

/** The comparison that a policy of this table should make, as far as the schema shows how the others do it. */
export function tenantCheck(facts: Facts, relation: Relation): string {
  const { catalog } = courtOf(facts);
  const tenancy = catalog.tenancy(relation);
  if (tenancy.kind !== "column" && tenancy.kind !== "tenants")
    return "a sub-select on its parent that compares the parent's tenant with the context";
  const holds = tenancy.kind === "column" && tenancy.holds === "user" ? "user" : "tenant";
  const sources = facts.understanding.context;
  const source =
    sources.find((each) => "holds" in each && each.holds === holds) ??
    sources.find(({ kind }) => kind === "kit" || kind === "role") ??
    sources[0];
  return `${tenancy.column} = ${contextText(source, tenancy.type)}`;
}

function contextText(source: Facts["understanding"]["context"][number] | undefined, type: string): string {
  const cast = type === "text" ? "" : `::${type}`;
  if (source === undefined) return `(select nullif(current_setting('app.tenant_id', true), ''))${cast}`;
  switch (source.kind) {
    case "setting":
      return `(select nullif(current_setting('${source.setting}', true), ''))${cast}`;
    case "kit":
      return `(select watertight.tenant_id()${cast})`;
    case "role":
      return "current_user";
    case "claims":
      return source.path.join() === "sub"
        ? "(select auth.uid())"
        : `((select current_setting('${source.setting}', true))::jsonb #>> '{${source.path.join(",")}}')${cast}`;
  }
}

/** ALTER POLICY that puts the comparison in place of USING. */
export function narrowFix(facts: Facts, { relation, policy }: Pick<LeakGroup, "relation" | "policy">): string {
  const check = tenantCheck(facts, relation);
  const side = policy.command === "insert" ? "with check" : "using";
  return check.startsWith("a ")
    ? `let policy ${policy.name} on ${said(relation)} make ${check}`
    : `alter policy ${quoted(policy.name)} on ${sqlName(relation)} ${side} (${check})`;
}

/** ALTER POLICY that puts the comparison in place of WITH CHECK. */
export function checkFix(facts: Facts, { relation, policy }: Pick<LeakGroup, "relation" | "policy">): string {
  const check = tenantCheck(facts, relation);
  return check.startsWith("a ")
    ? `let WITH CHECK of policy ${policy.name} on ${said(relation)} make ${check}`
    : `alter policy ${quoted(policy.name)} on ${sqlName(relation)} with check (${check})`;
}

const quoted = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
