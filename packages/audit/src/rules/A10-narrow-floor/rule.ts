/**
 * A10: a restrictive policy that isolates tenants, but not for every role and command for which a permissive policy opens the table. What the
 * floor does not cover is open as if there were none. Only where there is a floor: a table without any is a matter of its permissive policies.
 */
import { type Policy, quoteName, type Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { roleGraph } from "../../understand/role-graph.ts";
import { isBinding, policiesOf } from "../exposure/exposure.ts";
import { applicationNames } from "../exposure/rights.ts";
import { listed, said } from "../exposure/words.ts";
import { holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

const commands = ["select", "insert", "update", "delete"] as const;
type Command = (typeof commands)[number];

interface Gap {
  readonly command: Command;
  readonly role: string;
  readonly by: Policy;
}

/** The rule. */
export const narrowFloor: Rule = {
  id: "A10",
  slug: "A10-narrow-floor",
  title: "The restrictive floor is narrower than the permissive policies",
  needs: "catalog",
  find: (facts) => facts.snapshot.relations.flatMap((relation) => finding(facts, relation) ?? []),
};

function finding(facts: Facts, relation: Relation): RuleFinding | null {
  if (!relation.rowSecurity || !holdsTenantRows(facts, relation)) return null;
  const policies = policiesOf(facts, relation);
  const floors = policies.filter((policy) => !policy.permissive && isBinding(facts, policy));
  // nothing is beside a floor for all commands and everybody
  if (floors.some(({ command, roles }) => command === "all" && roles.includes("public"))) return null;
  const wide = policies.filter((policy) => policy.permissive && !isBinding(facts, policy));
  if (floors.length === 0 || wide.length === 0) return null;
  const roleTree = roleGraph(facts.snapshot);
  const gaps = readers(facts, relation).flatMap((role) => {
    // a floor for a group binds its members; a wide policy that comes by membership is A9's
    const bound = [...roleTree.inherited(role)];
    return commands.flatMap((command): Gap[] => {
      if (!facts.reach.can(command.toUpperCase(), relation) && applicationNames(facts).includes(role)) return [];
      const by = wide.find((policy) => covers(policy, [role], command));
      const floored = floors.some((policy) => covers(policy, bound, command));
      return by === undefined || floored ? [] : [{ command, role, by }];
    });
  });
  const [first] = gaps;
  if (first === undefined) return null;
  const roles = [...new Set(gaps.map(({ role }) => role))];
  const open = [...new Set(gaps.map(({ command }) => command.toUpperCase()))];
  const applications = applicationNames(facts);
  return {
    object: { kind: "table", schema: relation.schema, name: relation.name },
    message: `The restrictive policies of ${said(relation)} do not cover ${listed(open)} for ${listed(roles)}, and ${first.by.name} lets that through for every tenant.`,
    severity: roles.some((role) => applications.includes(role)) ? "critical" : "medium",
    evidence: [...floors.map(sentence), ...[...new Set(gaps.map(({ by }) => by))].map(sentence)],
    keys: floors.map(({ name }) => objectKey.policy(relation, name)),
    fix: `make the floor FOR ALL TO PUBLIC: drop policy ${listed(floors.map(({ name }) => quoteName(name)))}, create it again without FOR and TO`,
    attackable: roles.some((role) => applications.includes(role)),
  };
}

function covers({ command, roles }: Policy, names: readonly string[], wanted: Command): boolean {
  return (command === "all" || command === wanted) && roles.some((role) => role === "public" || names.includes(role));
}

/** The application's roles, and others that log in and were given rights on the table: the floor was not written for them. */
function readers(facts: Facts, relation: Relation): string[] {
  const granted = relation.acl.flatMap(({ role }) => {
    const attributes = facts.reach.role(role);
    return attributes?.login === true && !attributes.superuser && !attributes.bypassRls && role !== relation.owner
      ? [role]
      : [];
  });
  return [...new Set([...applicationNames(facts), ...granted])];
}

const sentence = ({ name, permissive, command, roles }: Policy): string =>
  `${permissive ? "permissive" : "restrictive"} policy ${name} for ${command} to ${roles.join(", ")}`;
