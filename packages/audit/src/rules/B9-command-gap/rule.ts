/**
 * B9: the application may give a command on a table, and no permissive policy lets any row through: PostgreSQL then denies all of them. That is an
 * outage and no leak, so it is told and nothing more.
 */
import { objectKey } from "../../history/object-key.ts";
import { listed, said } from "../exposure/words.ts";
import { holdsTenantRows } from "../judge/tenant-rows.ts";
import { courtOf } from "../predicate/court.ts";
import { doors } from "../predicate/effective.ts";
import { holds } from "../predicate/leaks.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const commandGap: Rule = {
  id: "B9",
  slug: "B9-command-gap",
  title: "A granted command has no policy",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.relations.flatMap((relation) => {
      const tables = relation.kind === "r" || relation.kind === "p";
      return tables && relation.rowSecurity && holdsTenantRows(facts, relation) ? (finding(facts, relation) ?? []) : [];
    }),
};

function finding(facts: Facts, relation: Facts["snapshot"]["relations"][number]): RuleFinding | null {
  const court = courtOf(facts);
  if (court.catalog.policies(relation).length === 0) return null;
  const gaps = facts.understanding.roles
    .filter(({ kind, name }) => kind === "tenant" && !facts.reach.roleBypasses(name, relation))
    .flatMap(({ name }) =>
      doors
        .filter(({ command }) => holds(court, name, relation, command.toUpperCase()))
        .filter((door) => court.policies.guards(relation, court.rights(name), door).permissive.length === 0)
        .map(({ command }) => ({ name, command: command.toUpperCase() })),
    );
  if (gaps.length === 0) return null;
  const commands = [...new Set(gaps.map(({ command }) => command))];
  return {
    object: { kind: "table", schema: relation.schema, name: relation.name },
    message: `No permissive policy of ${said(relation)} is for ${listed(commands)}, so that they reach no row: an outage where the application needs them, not a leak.`,
    severity: "info",
    evidence: gaps.map(({ name, command }) => `${name} may ${command} and no policy lets a row through`),
    keys: [objectKey.rowSecurity(relation), objectKey.relation(relation)],
    fix: `add a policy for ${listed(commands)}, or revoke the right`,
    attackable: false,
  };
}
