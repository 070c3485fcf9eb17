/**
 * What the application may do with a relation, in words and in the order in which a person asks. Rights by SET ROLE count: whoever can run SQL as
 * the application can say SET ROLE.
 */
import type { Relation } from "@watertight/schema";
import { tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";

const commands = ["SELECT", "INSERT", "UPDATE", "DELETE"] as const;

/** The commands that an application role may give on a relation, on the whole or on some column. */
export function rightsOn({ reach }: Facts, relation: Relation): string[] {
  return commands.filter((command) => reach.can(command, relation));
}

/** The application's roles, services left out. */
export function applicationNames({ understanding }: Facts): string[] {
  return understanding.roles.flatMap(({ kind, name }) => (kind === "service" ? [] : [name]));
}

/**
 * Whether the application is only assumed to be the owner of the tables, because no other role was given any right. Then nobody said that it
 * logs in as the owner, and a finding that rests on it alone must not shout.
 */
export function assumedOwner(facts: Facts): boolean {
  const roles = facts.understanding.roles.filter(({ kind }) => kind !== "service");
  const tables = tenantRelations(facts);
  return (
    tables.length > 0 &&
    roles.length === 1 &&
    roles.every(({ name, evidence }) => evidence.source === "inferred" && tables.every(({ owner }) => owner === name))
  );
}
