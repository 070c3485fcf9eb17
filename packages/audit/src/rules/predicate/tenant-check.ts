/**
 * The comparison that a policy of a table should make, written with what the schema itself uses: its setting, its claims, its memberships. Pure.
 * Must never compare a tenant's column with a user's id.
 */
import { quoteName, quoteText, type Relation } from "@watertight/schema";
import { sqlName } from "../exposure/words.ts";
import type { SessionTable } from "../../understand/understanding.ts";
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
    const text = person === undefined ? null : contextText(facts, person, tenancy.type);
    return text === null ? null : `${column} = ${text}`;
  }
  const tenant = context.find(
    (source) => source.kind === "kit" || source.kind === "role" || ("holds" in source && source.holds === "tenant"),
  );
  if (tenant !== undefined || context.length === 0) {
    const text = contextText(facts, tenant, tenancy.type);
    return text === null ? null : `${column} = ${text}`;
  }
  const membership = memberships[0];
  // on the memberships themselves the sub-select would ask its own policy again
  const own = memberships.some(
    ({ relation: { schema, name } }) => schema === relation.schema && name === relation.name,
  );
  if (user === undefined || membership === undefined || own) return null;
  const userType = typeOf(facts, membership.relation, membership.userColumn) ?? "uuid";
  const me = contextText(facts, user, userType);
  if (me === null) return null;
  return `${column} in (select m.${quoteName(membership.tenantColumn)} from ${sqlName(membership.relation)} m where m.${quoteName(membership.userColumn)} = ${me})`;
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

/** The function of the project by which its policies learn who has the session: the application itself may not read sessions. */
function sessionHelper({ snapshot }: Facts, { relation }: SessionTable, type: string): string | null {
  const helper = snapshot.routines.find(
    ({ schema, name, arguments: types, returns, returnsSet, body }) =>
      types.length === 0 &&
      returns === type &&
      !returnsSet &&
      body.includes(relation.name) &&
      snapshot.policies.some(({ using, check }) => `${using} ${check}`.includes(`${schema}.${name}()`)),
  );
  return helper === undefined ? null : `(select ${sqlName(helper)}())`;
}

/** The caller's value; null where nothing in the schema says it shortly. */
function contextText(facts: Facts, source: Source | undefined, type: string): string | null {
  const { snapshot } = facts;
  const cast = type === "text" ? "" : `::${type}`;
  const setting = (name: string): string => `(select nullif(current_setting(${quoteText(name)}, true), ''))`;
  if (source === undefined) return `${setting("app.tenant_id")}${cast}`;
  if ("session" in source && source.session !== undefined) return sessionHelper(facts, source.session, type);
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
