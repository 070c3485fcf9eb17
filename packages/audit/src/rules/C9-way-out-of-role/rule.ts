/**
 * C9: the application logs in as one role and works as another by SET ROLE. RESET ROLE is always allowed: SQL that got in is then the login role, with
 * its own rights and every role that it may take. Harmless where that leads nowhere.
 */
import { quoteName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { roleGraph } from "../../understand/role-graph.ts";
import { listed } from "../exposure/words.ts";
import { tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding, Severity } from "../rule.ts";

/** The rule. */
export const wayOutOfRole: Rule = {
  id: "C9",
  slug: "C9-way-out-of-role",
  title: "RESET ROLE leads out of the tenant's role",
  needs: "catalog",
  find(facts) {
    const working = facts.understanding.roles.filter(({ kind, name, login }) => kind !== "service" && name !== login);
    return [...new Set(working.map(({ login }) => login))].flatMap((login) => finding(facts, login) ?? []);
  },
};

function finding(facts: Facts, login: string): RuleFinding | null {
  const graph = roleGraph(facts.snapshot);
  const working = facts.understanding.roles
    .filter((role) => role.login === login && role.kind === "tenant")
    .map(({ name }) => name);
  const services = new Set(facts.understanding.roles.filter(({ kind }) => kind === "service").map(({ name }) => name));
  const reachable = [...graph.settable(login), ...graph.inherited(login)];
  const tables = tenantRelations(facts);
  const bypassing = [...new Set(reachable)].filter((role) =>
    tables.some((table) => facts.reach.roleBypasses(role, table)),
  );
  const byRole = facts.understanding.context.some(({ kind }) => kind === "role");
  const others = byRole && working.length > 1 ? working : [];
  if (bypassing.length === 0 && others.length === 0) return null;
  // PostgREST's own design: it sends no SQL of a user, and service_role is meant to be out of reach
  const expected = others.length === 0 && bypassing.every((role) => services.has(role));
  const severity: Severity = expected ? "low" : "high";
  return {
    object: { kind: "role", schema: "", name: login },
    message:
      others.length > 0
        ? `${login} becomes one tenant's role after the other: RESET ROLE and SET ROLE lead from one (${listed(others)}) to the next.`
        : `${login} works as ${listed(working)} by SET ROLE, and can become ${listed(bypassing)}, which row security does not bind: RESET ROLE is always allowed.`,
    severity,
    evidence: [
      ...facts.snapshot.memberships
        .filter(({ member }) => member === login)
        .map(({ role }) => `${login} is a member of ${role}`),
      ...bypassing.map((role) => `${role} is not bound by row security`),
    ],
    keys: [...new Set([...bypassing, ...others])].map((role) => objectKey.membership(role, login)),
    fix:
      others.length > 0
        ? "let each tenant log in with its own role, or take the tenant from a sealed context"
        : `revoke ${bypassing.map(quoteName).join(", ")} from ${quoteName(login)};\n-- or log in as the working role itself`,
    attackable: true,
  };
}
