/**
 * What closes a key that spans all tenants, as statements that run: the new key before the old one goes. Where foreign keys rest on the old one, or no
 * statement helps, words. Pure.
 */
import { type Index, quoteName, quoteQualified, type Relation } from "@watertight/schema";
import { guessabilityOf } from "../judge/identifiers.ts";
import { grantees, revoke, roleList } from "../judge/grants.ts";
import { tenancyOf, tenantColumn } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";

/** The fix of a key that is no name by which people sign in. */
export function keyFix(facts: Facts, table: Relation, index: Index, columns: readonly string[]): string {
  const tenancy = tenancyOf(facts, table);
  if (tenancy.kind === "tenants")
    return `A name of the tenant itself is one for all, and the key may stay: let the form that writes it answer alike whether it is taken or not, or accept ${index.name} with that reason.`;
  if (index.exclusion)
    return `Compare the tenant first in ${index.name}: exclude using gist (… with =, …), for which uuid needs the extension btree_gist.`;
  if (guessabilityOf(table, columns) === "sequential") return countedFix(facts, table, columns);
  const tenant = tenantColumn(facts, table);
  const first = tenant !== null ? [tenant] : tenancy.kind === "derived" ? tenancy.columns : [];
  const resting = restingOn(facts, table, columns);
  if (resting.length > 0)
    return `Let ${resting.join(", ")} carry the tenant (E1); then put it first in ${index.name}: unique (${[...first, ...columns].map(quoteName).join(", ")}).`;
  if (index.expressions !== null || first.length === 0)
    return `Put ${first.length === 0 ? "the parent's key" : first.join(", ")} first in ${index.name}.`;
  return [
    "-- a value that must be unique over all tenants (a login name) belongs in a table that tenants can't write; for any other:",
    ...swap(facts, table, index, [...first, ...columns]),
  ].join("\n");
}

/** The new key, then the old one goes. */
function swap({ snapshot }: Facts, table: Relation, index: Index, columns: readonly string[]): string[] {
  const on = quoteQualified(table.schema, table.name);
  const list = columns.map(quoteName).join(", ");
  const name = quoteName(`${table.name}_${columns.join("_")}_key`.slice(0, 63));
  const constraint = snapshot.constraints.some(
    (each) =>
      each.name === index.name &&
      each.relation.schema === table.schema &&
      each.relation.name === table.name &&
      (each.kind === "unique" || each.kind === "primary"),
  );
  if (index.primary) return [`alter table ${on} drop constraint ${quoteName(index.name)}, add primary key (${list});`];
  const where = index.predicate === null ? "" : ` where ${index.predicate}`;
  const nulls = index.nullsNotDistinct ? " nulls not distinct" : "";
  return constraint
    ? [
        `alter table ${on} add constraint ${name} unique${nulls} (${list});`,
        `alter table ${on} drop constraint ${quoteName(index.name)};`,
      ]
    : [
        `create unique index ${name} on ${on} (${list})${nulls}${where};`,
        `drop index ${quoteQualified(index.schema, index.name)};`,
      ];
}

/** Foreign keys that lead to exactly these columns: the key can't go before them. */
function restingOn({ snapshot }: Facts, table: Relation, columns: readonly string[]): string[] {
  return snapshot.constraints.flatMap(({ name, references }) =>
    references !== null &&
    references.relation.schema === table.schema &&
    references.relation.name === table.name &&
    [...references.columns].sort().join() === [...columns].sort().join()
      ? [name]
      : [],
  );
}

/** A number that the database counts: nobody need name one. Rights on the whole table become rights on its other columns, those on single columns go. */
function countedFix(facts: Facts, table: Relation, columns: readonly string[]): string {
  const on = quoteQualified(table.schema, table.name);
  const list = (names: readonly string[]): string => names.map(quoteName).join(", ");
  const key = table.columns.filter(({ name }) => columns.includes(name));
  const others = table.columns.filter((column) => !key.includes(column) && column.generated === null);
  return [
    "-- the database counts this key, and its numbers tell no more than that rows are there: accept it, or let the application",
    "-- name no number (then an INSERT that says DEFAULT for it is refused as well):",
    ...["insert", "update"].flatMap((verb) => {
      const whole = grantees(facts, verb.toUpperCase(), { ...table, columns: [] });
      const single = grantees(facts, verb.toUpperCase(), { ...table, acl: [], columns: key });
      // REVOKE takes a role's column rights with it, also those that it had besides
      const rest = single.filter((role) => !whole.includes(role));
      return [
        ...(whole.length === 0 ? [] : [revoke(verb, table, whole)]),
        ...(whole.length === 0 || others.length === 0
          ? []
          : [`grant ${verb} (${list(others.map(({ name }) => name))}) on ${on} to ${roleList(whole)};`]),
        ...(rest.length === 0 ? [] : [revoke(`${verb} (${list(key.map(({ name }) => name))})`, table, rest)]),
      ];
    }),
  ].join("\n");
}
