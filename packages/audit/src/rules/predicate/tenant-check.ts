/**
 * The comparison that a policy of a table should make, written with what the schema itself uses: its setting, its claims, its memberships. Pure.
 * Must never compare a tenant's column with a user's id.
 */
import { quoteName, quoteText, type Relation } from "@watertight/schema";
import { sqlName } from "../exposure/words.ts";
import type { Facts } from "../rule.ts";
import { courtOf } from "./court.ts";

type Source = Facts["understanding"]["context"][number];

/** The condition; null where the schema does not show one, and a person has to say it. */
export function tenantCheck(facts: Facts, relation: Relation): string | null {
  const tenancy = courtOf(facts).catalog.tenancy(relation);
  if (tenancy.kind !== "column" && tenancy.kind !== "tenants") return null;
  const { context, memberships, perUser } = facts.understanding;
  const column = quoteName(tenancy.column);
  const user = context.find((source) => "holds" in source && source.holds === "user");
  if (perUser || (tenancy.kind === "column" && tenancy.holds === "user")) {
    const person = user ?? context[0];
    return person === undefined ? null : `${column} = ${contextText(facts, person, tenancy.type)}`;
  }
  const tenant = context.find(
    (source) => source.kind === "kit" || source.kind === "role" || ("holds" in source && source.holds === "tenant"),
  );
  if (tenant !== undefined || context.length === 0) return `${column} = ${contextText(facts, tenant, tenancy.type)}`;
  const membership = memberships[0];
  // on the memberships themselves the sub-select would ask its own policy again
  const own = memberships.some(
    ({ relation: { schema, name } }) => schema === relation.schema && name === relation.name,
  );
  if (user === undefined || membership === undefined || own) return null;
  const userType = typeOf(facts, membership.relation, membership.userColumn) ?? "uuid";
  return `${column} in (select m.${quoteName(membership.tenantColumn)} from ${sqlName(membership.relation)} m where m.${quoteName(membership.userColumn)} = ${contextText(facts, user, userType)})`;
}

function typeOf(
  facts: Facts,
  table: { readonly schema: string; readonly name: string },
  column: string,
): string | null {
  return (
    facts.snapshot.relations
      .find(({ schema, name }) => schema === table.schema && name === table.name)
      ?.columns.find(({ name }) => name === column)?.type ?? null
  );
}

function contextText({ snapshot }: Facts, source: Source | undefined, type: string): string {
  const cast = type === "text" ? "" : `::${type}`;
  const setting = (name: string): string => `(select nullif(current_setting(${quoteText(name)}, true), ''))`;
  if (source === undefined) return `${setting("app.tenant_id")}${cast}`;
  switch (source.kind) {
    case "setting":
      return `${setting(source.setting)}${cast}`;
    case "kit":
      return `(select watertight.tenant_id()${cast})`;
    case "role":
      return "current_user";
    case "claims": {
      const uid = snapshot.routines.some(({ schema, name }) => schema === "auth" && name === "uid");
      return uid && source.path.join() === "sub" && type === "uuid"
        ? "(select auth.uid())"
        : `(${setting(source.setting)}::jsonb #>> ${quoteText(`{${source.path.join(",")}}`)})${cast}`;
    }
  }
}

/** The condition in a sentence, where it is known; what to do where it is not. */
export function tenantCheckWords(facts: Facts, relation: Relation): string {
  return (
    tenantCheck(facts, relation) ??
    (courtOf(facts).catalog.tenancy(relation).kind === "derived"
      ? "a sub-select on its parent, whose own row security then decides"
      : "a comparison of the row's tenant with the tenants of the caller")
  );
}
