/**
 * B15: the tenant column may be null, or has a literal default. A row without a tenant is nobody's: policies by = hide it from everyone, policies
 * with IS NULL show it to everyone, unique and foreign keys skip it. A literal default gives forgotten rows to one tenant.
 */
import { type Column, quoteName, type Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { said, sqlName } from "../exposure/words.ts";
import { tenantRelations } from "../judge/tenant-rows.ts";
import { causedLeaks } from "../predicate/cause.ts";
import { courtOf } from "../predicate/court.ts";
import type { Facts, Rule, RuleFinding, Severity } from "../rule.ts";

/** The rule. */
export const nullableTenant: Rule = {
  id: "B15",
  slug: "B15-nullable-tenant",
  title: "The tenant column may be null or has a default",
  needs: "catalog",
  find: (facts) => tenantRelations(facts).flatMap((relation) => finding(facts, relation)),
};

function finding(facts: Facts, relation: Relation): RuleFinding[] {
  const { catalog } = courtOf(facts);
  const tenancy = catalog.tenancy(relation);
  if (tenancy.kind !== "column" || relation.isPartition) return [];
  const column = catalog.column(relation, tenancy.column);
  if (column === null || !["SELECT", "INSERT", "UPDATE"].some((right) => facts.reach.can(right, relation))) return [];
  // rows of persons: a nullable owner is usual, and hidden by =
  const personal = facts.understanding.perUser || tenancy.holds === "user";
  const shared = causedLeaks(facts).some(
    (leak) =>
      leak.relation === relation &&
      leak.way.some(({ about }) => about === "no tenant") &&
      leak.door.command !== "select",
  );
  const base = { relation, column };
  const found = [
    ...(column.notNull ? [] : [nullable(base, shared ? "high" : personal ? "low" : "medium")]),
    ...(isLiteral(column.default) ? [defaulted(base)] : []),
  ];
  const [first, second] = found;
  return first === undefined || second === undefined ? found : [both(first, second)];
}

/** One finding for one column: of two, one would not be told. */
function both(one: RuleFinding, other: RuleFinding): RuleFinding {
  const ranks: readonly Severity[] = ["critical", "high", "medium", "low", "info"];
  return {
    ...one,
    message: `${one.message} ${other.message}`,
    severity: ranks[Math.min(ranks.indexOf(one.severity), ranks.indexOf(other.severity))]!,
    evidence: [...one.evidence, ...other.evidence],
    fix: `${one.fix}; ${other.fix}`,
  };
}

function isLiteral(value: string | null): boolean {
  return value !== null && /^(\(?'[^']*'|-?\d+)(::[\w. ]+)?\)?(::[\w. ]+)?$/.test(value);
}

interface Base {
  readonly relation: Relation;
  readonly column: Column;
}

function common({ relation, column }: Base): Pick<RuleFinding, "object" | "table" | "keys"> {
  return {
    object: { kind: "column", schema: relation.schema, name: relation.name, part: column.name },
    table: { schema: relation.schema, name: relation.name },
    keys: [objectKey.column(relation, column.name), objectKey.relation(relation)],
  };
}

function nullable({ relation, column }: Base, severity: Severity): RuleFinding {
  return {
    ...common({ relation, column }),
    message:
      severity === "high"
        ? `${said(relation)}.${column.name} may be null, and policies let every tenant write rows without a tenant: they are shared by all.`
        : `${said(relation)}.${column.name} may be null: a row without a tenant is nobody's, and keys do not hold it.`,
    severity,
    evidence: [`${column.name} ${column.type} is nullable`],
    fix: `alter table ${sqlName(relation)} alter column ${quoteName(column.name)} set not null`,
    attackable: severity === "high",
  };
}

function defaulted({ relation, column }: Base): RuleFinding {
  return {
    ...common({ relation, column }),
    message: `${said(relation)}.${column.name} has the default ${column.default}: a row that was added without a tenant goes to one of them, or to nobody.`,
    severity: "medium",
    evidence: [`default ${column.default}`],
    fix: `alter table ${sqlName(relation)} alter column ${quoteName(column.name)} drop default`,
    attackable: false,
  };
}
