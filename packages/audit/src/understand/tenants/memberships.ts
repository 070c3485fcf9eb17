/**
 * Tables that say who belongs to which tenant: those that policies ask, and those whose shape says so. Must never take a parent table whose
 * owner is asked for (lists.user_id) for a membership.
 */
import type { Relation } from "@watertight/schema";
import type { PoliciesMeaning } from "../meaning/policy-meaning.ts";
import { sourceText } from "../meaning/source.ts";
import { dotted, type SchemaGraph } from "../schema/graph.ts";
import type { MembershipTable } from "../understanding.ts";
import { isMembershipHop } from "./candidates.ts";
import type { TenantModel } from "./model.ts";
import { ownerStrengthOf, plainWord, soundsLikeMembership } from "./words.ts";

/** A membership with the sentence that shows it. */
export interface FoundMembership {
  readonly table: MembershipTable;
  readonly because: string;
}

/** Finds membership tables. */
export function memberships(graph: SchemaGraph, meaning: PoliciesMeaning, model: TenantModel): FoundMembership[] {
  if (model.perUser || !model.tenant) return [];
  const found = new Map<string, FoundMembership>();
  const add = (relation: Relation, userColumn: string, tenantColumn: string, because: string): void => {
    if (found.has(dotted(relation)) || relation.kind === "v") return;
    found.set(dotted(relation), {
      table: {
        relation: { schema: relation.schema, name: relation.name },
        userColumn,
        tenantColumn,
        role: rankColumn(relation, graph),
      },
      because,
    });
  };
  const holds = (relation: Relation, column: string): boolean =>
    model.tenant!.columns.get(dotted(relation))?.has(column) ?? false;
  for (const { name, links } of meaning.readings)
    for (const { hops, source, user } of links) {
      const [first] = hops;
      if (first && user && isMembershipHop(graph, first.relation, first.leave) && holds(first.relation, first.leave))
        add(
          first.relation,
          first.enter,
          first.leave,
          `${name} looks up ${dotted(first.relation)}.${first.enter} = ${sourceText(source)}`,
        );
    }
  for (const table of graph.tables) {
    if (table === model.tenant.table || table.isPartition) continue;
    const tenantColumn = [...(model.tenant.columns.get(dotted(table))?.keys() ?? [])][0];
    const users = [...(model.people.columns?.columns.get(dotted(table))?.keys() ?? [])].sort(
      (one, other) => ownerStrengthOf(other) - ownerStrengthOf(one),
    );
    const [userColumn] = users;
    if (tenantColumn === undefined || userColumn === undefined || userColumn === tenantColumn) continue;
    const pair = graph
      .uniqueKeys(table)
      .some((key) => key.length === 2 && key.includes(tenantColumn) && key.includes(userColumn));
    if (pair || soundsLikeMembership(table.name))
      add(
        table,
        userColumn,
        tenantColumn,
        `${dotted(table)} has ${userColumn} and ${tenantColumn}${pair ? ", unique together" : ""}`,
      );
  }
  return [...found.values()];
}

const rankNames = [
  "role",
  "memberrole",
  "userrole",
  "rank",
  "level",
  "accesslevel",
  "access",
  "permission",
  "rolle",
  "rol",
  "accountrole",
  "type",
];
const ranks = [
  "superowner",
  "owner",
  "superadmin",
  "super_admin",
  "administrator",
  "admin",
  "manager",
  "maintainer",
  "editor",
  "write",
  "member",
  "user",
  "viewer",
  "read",
  "guest",
];

/** The column with the rank and the value that may do most. */
function rankColumn(relation: Relation, graph: SchemaGraph): MembershipTable["role"] {
  for (const name of rankNames) {
    const column = relation.columns.find((each) => plainWord(each.name) === name || each.name.toLowerCase() === name);
    if (!column || /bool|timestamp|date/.test(column.baseType)) continue;
    const checks = graph.snapshot.constraints.filter(
      (each) =>
        each.kind === "check" && dotted(each.relation) === dotted(relation) && each.columns.includes(column.name),
    );
    const values =
      column.enumLabels ??
      checks.flatMap((each) => [...each.definition.matchAll(/'((?:[^']|'')*)'/g)].map((match) => match[1]!));
    return { column: column.name, highest: strongest(values) };
  }
  // is_owner boolean
  const flag = relation.columns.find(
    (each) => each.baseType === "boolean" && /^(is_?)?(owner|admin|administrator|superuser)$/i.test(each.name),
  );
  return flag ? { column: flag.name, highest: "true" } : null;
}

/** The most that a value of the list may do. */
function strongest(values: readonly string[]): string | null {
  const place = (value: string): number => {
    const at = ranks.indexOf(value.toLowerCase());
    return at < 0 ? ranks.length : at;
  };
  const [best] = [...values].sort((one, other) => place(one) - place(other));
  return best !== undefined && place(best) < ranks.length ? best : null;
}
