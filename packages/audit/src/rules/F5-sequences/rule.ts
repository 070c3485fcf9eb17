/**
 * F5: rights on a sequence that all tenants share. USAGE and SELECT tell how much everybody does; UPDATE lets one tenant set it back, and every
 * INSERT of everybody fails on the key. An identity column needs no right at all.
 */
import { objectKey } from "../../history/object-key.ts";
import { quoteQualified, type Relation } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { grantees, revoke, roleList } from "../judge/grants.ts";
import { needsSql } from "../judge/sql-access.ts";
import { holdsTenantRows, kitSchema } from "../judge/tenant-rows.ts";
import type { Facts, Rule, Severity } from "../rule.ts";

/** The rule. */
export const sequences: Rule = {
  id: "F5",
  slug: "F5-sequences",
  title: "Application reads or sets a shared sequence",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.relations
      .filter((relation) => relation.kind === "S" && relation.schema !== kitSchema && isShared(facts, relation))
      .flatMap((sequence) => {
        const rights = (["UPDATE", "SELECT", "USAGE"] as const).filter(
          (right) => grantees(facts, right, sequence).length > 0,
        );
        const [worst] = rights;
        if (worst === undefined) return [];
        const roles = [...new Set(rights.flatMap((right) => grantees(facts, right, sequence)))];
        return {
          object: { kind: "sequence", schema: sequence.schema, name: sequence.name } as const,
          ...(sequence.ownedBy ? { table: { schema: sequence.ownedBy.schema, name: sequence.ownedBy.name } } : {}),
          message: `${roles.join(", ")} may ${harm[worst]} (${sequence.name}).`,
          severity: worst === "UPDATE" ? needsSql(facts, "medium") : severity[worst],
          evidence: [
            `${rights.join(", ")} granted to ${roles.join(", ")}`,
            ...(sequence.ownedBy ? [`fills ${dotted(sequence.ownedBy)}.${sequence.ownedBy.column}`] : []),
          ],
          keys: [
            ...roles.map((role) => objectKey.grant(objectKey.relation(sequence), role)),
            objectKey.relation(sequence),
          ],
          fix: fixOf(facts, sequence, roles),
          attackable: worst !== "USAGE",
        };
      }),
};

/** The rights go; where a column's default draws from it, USAGE stays, or every INSERT would be refused. Nobody gets a right that opens more. */
function fixOf(facts: Facts, sequence: Relation, roles: readonly string[]): string {
  const drawn = facts.snapshot.relations.some((table) =>
    table.columns.some(
      (column) =>
        column.default?.includes("nextval(") === true &&
        ((sequence.ownedBy?.schema === table.schema &&
          sequence.ownedBy.name === table.name &&
          sequence.ownedBy.column === column.name) ||
          namesOf(column.default).some(
            (each) => each === `${sequence.schema}.${sequence.name}` || each === sequence.name,
          )),
    ),
  );
  if (!drawn) return revoke("all", sequence, roles);
  const has = (right: string): string[] => grantees(facts, right, sequence);
  const [setting, drawing] = [has("UPDATE"), has("USAGE")];
  const losing = roles.filter((role) => setting.includes(role) || has("SELECT").includes(role));
  if (losing.length === 0)
    return "A column's default draws from it, for which USAGE is enough; GENERATED ALWAYS AS IDENTITY needs no right at all.";
  // nextval() takes USAGE or UPDATE: who drew by UPDATE alone goes on
  const byUpdate = drawing.includes("public") ? [] : setting.filter((role) => !drawing.includes(role));
  return [
    revoke("select, update", sequence, losing),
    "-- a column's default draws from it, for which USAGE is enough; GENERATED ALWAYS AS IDENTITY needs no right at all",
    ...(byUpdate.length === 0
      ? []
      : [`grant usage on sequence ${quoteQualified(sequence.schema, sequence.name)} to ${roleList(byUpdate)};`]),
  ].join("\n");
}

/** The sequences of nextval('…'::regclass), without quotes. */
const namesOf = (text: string): string[] =>
  [...text.matchAll(/nextval\('((?:[^']|'')+)'/g)].map(([, name]) => name!.replaceAll('"', "").replaceAll("''", "'"));

const harm = {
  UPDATE:
    "set a sequence that all tenants share: setval() to an old number makes every tenant's next INSERT fail, and the last number tells how many rows all have",
  SELECT: "read a sequence that all tenants share: its last number tells how many rows all tenants together have made",
  USAGE: "draw from a sequence that all tenants share: the numbers tell how fast all tenants together make rows",
} as const;
const severity: Record<"SELECT" | "USAGE", Severity> = { SELECT: "low", USAGE: "info" };

// One that fills a global table counts nobody's rows.
function isShared(facts: Facts, { ownedBy }: Relation): boolean {
  return ownedBy === null || holdsTenantRows(facts, ownedBy);
}
