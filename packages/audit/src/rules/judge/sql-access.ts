/**
 * How an application role speaks to the database. Roles behind PostgREST (Supabase's anon and authenticated) get their statements written for
 * them: they can't say TRUNCATE or CREATE TRIGGER, only a function with a hole can say it for them. Decides severity, never whether there is a finding.
 */
import type { Severity, Facts } from "../rule.ts";

/** Whether some application role sends SQL of its own. */
export function speaksSql({ understanding }: Facts): boolean {
  const roles = understanding.roles.filter(({ kind }) => kind !== "service");
  return (
    roles.length === 0 ||
    roles.some(({ name, login }) => login !== "authenticator" && !/^(anon|authenticated)$/.test(name))
  );
}

const order: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

/** The severity of what only SQL text of one's own can do; `otherwise` is the most that it is without, and never more than with. */
export function needsSql(facts: Facts, severity: Severity, otherwise: Severity = "low"): Severity {
  return speaksSql(facts) || order.indexOf(severity) > order.indexOf(otherwise) ? severity : otherwise;
}
