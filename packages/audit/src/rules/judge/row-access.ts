/**
 * Which commands an application role may give on a table so that some row can pass: the privilege, and where row security binds it a policy
 * that lets something through. Says nothing about which rows: that is the matter of the policies' own rules.
 */
import type { Policy, Relation } from "@watertight/schema";
import type { Facts } from "../rule.ts";
import { partsOfTables } from "./parts-of-table.ts";
import { understoodTable } from "./tenant-rows.ts";

/** Commands with policies. */
export type RowCommand = "select" | "insert" | "update" | "delete";

/** Policies that apply to the application for a command. */
export function policiesFor({ snapshot, reach }: Facts, relation: Relation, command: RowCommand): Policy[] {
  return partsOfTables(snapshot)
    .policies(relation)
    .filter((policy) => (policy.command === "all" || policy.command === command) && reach.applies(policy.roles));
}

/**
 * Whether row security stands between the application and the table. Another application role that it does not bind (A4) changes nothing for those that
 * it does: what they can do around it is found all the same.
 */
export function isBound({ reach, understanding }: Facts, relation: Relation): boolean {
  const roles = understanding.roles.filter(({ kind }) => kind !== "service");
  return relation.rowSecurity && (roles.length === 0 || roles.some(({ name }) => !reach.roleBypasses(name, relation)));
}

/** Whether the application may give the command on some row, or on a column of it. */
export function may(facts: Facts, relation: Relation, command: RowCommand, column?: string): boolean {
  if (!facts.reach.can(command.toUpperCase(), relation, command === "delete" ? undefined : column)) return false;
  return !isBound(facts, relation) || policiesFor(facts, relation, command).some(({ permissive }) => permissive);
}

/** The condition that new rows must meet: WITH CHECK, or USING where it is missing (PostgreSQL reuses it). */
export function checkOf({ using, check }: Policy): string {
  return check ?? using ?? "";
}

/** Whether every application role may read every row, by declaration or by a policy that says true: what is public is no secret. */
export function isOpenToRead(facts: Facts, relation: Relation): boolean {
  const declared = understoodTable(facts, relation);
  if (declared?.publicRows?.trim() === "true") return true;
  if (!isBound(facts, relation)) return false;
  const policies = policiesFor(facts, relation, "select");
  return (
    policies.some(({ permissive, using }) => permissive && using === "true") &&
    policies.every(({ permissive, using }) => permissive || using === "true")
  );
}
