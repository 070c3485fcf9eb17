/**
 * E5: a unique key or exclusion constraint over all tenants' rows tells one tenant what another has: 23505, or silently 0 rows with ON CONFLICT DO
 * NOTHING. How much that tells depends on the key: see judge/identifiers.ts. Must not report keys that only collide inside one tenant.
 */
import type { Index, Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { dotted } from "../../understand/schema/graph.ts";
import { peopleOf } from "../../understand/tenants/people.ts";
import { guessabilityOf } from "../judge/identifiers.ts";
import { isOpenToRead, may } from "../judge/row-access.ts";
import { graphOf, kitSchema, tenancyOf, tenantColumn } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding, Severity } from "../rule.ts";
import { keyFix } from "./fix.ts";

const signInName = /e_?mail|user_?name|(^|_)(login|handle|nick(name)?|phone(_number)?|mobile)$/i;

/** The rule. */
export const uniqueWithoutTenant: Rule = {
  id: "E5",
  slug: "E5-unique-without-tenant",
  title: "Unique key without the tenant",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.indexes
      .filter((index) => (index.unique || index.exclusion) && index.relation.schema !== kitSchema)
      .flatMap((index) => judge(facts, index) ?? []),
};

function judge(facts: Facts, index: Index): RuleFinding | null {
  const table = graphOf(facts).relation(index.relation);
  const tenancy = tenancyOf(facts, index.relation);
  if (!table || table.isPartition || !["column", "derived", "tenants"].includes(tenancy.kind)) return null;
  const columns = columnsOf(table, index);
  const tenant = tenantColumn(facts, table);
  const scoped =
    tenancy.kind === "derived"
      ? tenancy.columns.some((column) => columns.includes(column))
      : columns.includes(tenant ?? "");
  if (scoped || columns.length === 0) return null;
  if (!columns.some((column) => may(facts, table, "insert", column) || may(facts, table, "update", column)))
    return null;
  const kind = index.exclusion ? "Exclusion constraint" : "Unique key";
  return {
    object: { kind: "index", schema: index.schema, name: index.name },
    table: { schema: table.schema, name: table.name },
    message: `${kind} ${index.name} of ${table.name} (${columns.join(", ")}) spans all tenants: a tenant that tries a value learns whether another tenant has it, silently with ON CONFLICT DO NOTHING.`,
    severity: severityOf(facts, table, columns),
    evidence: [
      `${index.method} index on (${columns.join(", ")}), without ${tenant ?? "the parent's key"}`,
      `${columns.join(", ")}: ${guessabilityOf(table, columns)}`,
    ],
    keys: [objectKey.constraint(table, index.name), objectKey.index(index), objectKey.relation(table)],
    fix:
      isOfPeople(facts, table, columns) && areSignInNames(table, columns)
        ? `A name by which people sign in is one for all, and the key may stay: let the form that writes it answer alike whether it is taken or not (an e-mail says the rest), or accept ${index.name} with that reason.`
        : keyFix(facts, table, index, columns),
    attackable: true,
  };
}

/** Key columns, those inside expressions too; for an exclusion constraint only what it compares. */
function columnsOf(table: Relation, { columns, expressions }: Index): string[] {
  if (expressions === null) return [...new Set(columns.flatMap((column) => column ?? []))];
  const inside = table.columns
    .map(({ name }) => name)
    .filter((name) => new RegExp(`(?<![\\w$.])"?${name.replaceAll(/\W/g, "\\$&")}"?(?![\\w$(])`).test(expressions));
  return [...new Set([...columns.flatMap((column) => column ?? []), ...inside])];
}

// Rows of such a key collide below one parent row only: the value alone tells nothing, one must know the parent too. (The index is checked before
// the foreign key, so a composite key does not close it.)
function leadsToTenant(facts: Facts, table: Relation, columns: readonly string[]): boolean {
  return graphOf(facts)
    .foreignKeys(table)
    .some(
      (key) =>
        ["column", "derived", "tenants"].includes(tenancyOf(facts, key.parent).kind) &&
        dotted(key.parent) !== dotted(table) &&
        key.columns.some((column) => columns.includes(column)),
    );
}

/** Rows of one person each; in rows of an organisation, the names by which its people sign in. */
function isOfPeople(facts: Facts, table: Relation, columns: readonly string[]): boolean {
  const tenancy = tenancyOf(facts, table);
  if (facts.understanding.perUser || (tenancy.kind === "column" && tenancy.holds === "user")) return true;
  return peopleOf(graphOf(facts)).tables.includes(table) && areSignInNames(table, columns);
}

function areSignInNames(table: Relation, columns: readonly string[]): boolean {
  const natural = columns.filter((column) => guessabilityOf(table, [column]) === "natural");
  return natural.every((column) => signInName.test(column));
}

function severityOf(facts: Facts, table: Relation, columns: readonly string[]): Severity {
  const ids = guessabilityOf(table, columns);
  if (ids === "random" || isOpenToRead(facts, table)) return "info";
  if (ids === "sequential" || tenancyOf(facts, table).kind === "tenants" || leadsToTenant(facts, table, columns))
    return "low";
  // a name that is taken is what a sign-up form says anyway
  return isOfPeople(facts, table, columns) ? "medium" : "high";
}
