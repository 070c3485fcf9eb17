/**
 * Leaks as findings: one for each policy, with the case that lets rows through and where. Must never print a policy's condition without saying
 * which part of it leaks.
 */
import { type Policy, quoteName, type Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { said, sqlName } from "../exposure/words.ts";
import type { Facts, RuleFinding, Severity } from "../rule.ts";
import { type Cause, causedLeaks, type CausedLeak } from "./cause.ts";
import { wayText } from "./leaks.ts";
import { tenantCheck, tenantCheckWords } from "./tenant-check.ts";

/** What leaks through one policy for one cause. */
export interface LeakGroup {
  readonly relation: Relation;
  readonly policy: Policy;
  /** The worst first. */
  readonly leaks: readonly CausedLeak[];
  /** The table as a person says it. */
  readonly table: string;
  /** Nothing has to hold beside. */
  readonly always: boolean;
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
    } = words({
      relation,
      policy,
      leaks,
      table: said(relation),
      always: way.length === 0,
      way: wayText(way),
      can,
    });
    return {
      object: { kind: "policy", schema: relation.schema, name: relation.name, part: policy.name },
      table: { schema: relation.schema, name: relation.name },
      message,
      severity,
      evidence: [
        ...policyText(policy),
        ...cases(leaks),
        ...new Set(leaks.flatMap(({ fails }) => fails ?? [])),
        ...evidence,
      ],
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

/** ALTER POLICY that puts the comparison in place of USING. */
export function narrowFix(facts: Facts, { relation, policy }: Pick<LeakGroup, "relation" | "policy">): string {
  const check = tenantCheck(facts, relation);
  const side = policy.command === "insert" ? "with check" : "using";
  return check === null
    ? `let policy ${policy.name} on ${said(relation)} make ${tenantCheckWords(facts, relation)}`
    : `alter policy ${quoteName(policy.name)} on ${sqlName(relation)} ${side} (${check})`;
}

/** ALTER POLICY that puts the comparison in place of WITH CHECK. */
export function checkFix(facts: Facts, { relation, policy }: Pick<LeakGroup, "relation" | "policy">): string {
  const check = tenantCheck(facts, relation);
  return check === null
    ? `let WITH CHECK of policy ${policy.name} on ${said(relation)} make ${tenantCheckWords(facts, relation)}`
    : `alter policy ${quoteName(policy.name)} on ${sqlName(relation)} with check (${check})`;
}
