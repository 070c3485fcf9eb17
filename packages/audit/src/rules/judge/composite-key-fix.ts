/**
 * The SQL that puts the tenant into a foreign key. Must stay safe on large tables: NOT VALID first, VALIDATE on its own, the old key dropped last.
 */
import { quoteName, quoteQualified } from "@watertight/schema";
import type { Facts } from "../rule.ts";
import type { CrossingKey } from "./foreign-keys.ts";
import { graphOf, tenantColumn } from "./tenant-rows.ts";

/** Statements for a person to run; where a table has no tenant column, what to do first. */
export function compositeKeyFix(facts: Facts, { child, parent, constraint, references }: CrossingKey): string {
  const own = tenantColumn(facts, child);
  const other = tenantColumn(facts, parent);
  if (own === null || other === null)
    return `Give ${own === null ? child.name : parent.name} a tenant column, NOT NULL, and let the foreign key carry it; or let the policy of ${child.name} look the parent up (EXISTS under the parent's row security).`;
  const list = (columns: readonly string[]): string => columns.map(quoteName).join(", ");
  const target = [other, ...references.columns.filter((column) => column !== other)];
  const source = [own, ...constraint.columns.filter((column) => column !== own)];
  const [from, to] = [quoteQualified(child.schema, child.name), quoteQualified(parent.schema, parent.name)];
  const name = quoteName(`${constraint.name}_tenant`.slice(0, 63));
  const hasKey = graphOf(facts)
    .uniqueKeys(parent)
    .some((key) => key.length === target.length && target.every((column) => key.includes(column)));
  const action =
    references.onDelete === "no action"
      ? ""
      : ` on delete ${references.onDelete}${setList(references.onDelete, constraint.columns, own)}`;
  return [
    ...(hasKey ? [] : [`alter table ${to} add unique (${list(target)});`]),
    `alter table ${from} add constraint ${name} foreign key (${list(source)}) references ${to} (${list(target)})${action} not valid;`,
    `alter table ${from} validate constraint ${name};`,
    `alter table ${from} drop constraint ${quoteName(constraint.name)};`,
  ].join("\n");
}

// without the list SET NULL would empty the tenant column as well (E4)
function setList(action: string, columns: readonly string[], tenant: string): string {
  if (!action.startsWith("set ")) return "";
  return ` (${columns
    .filter((column) => column !== tenant)
    .map(quoteName)
    .join(", ")})`;
}
