/**
 * A tenant column for tables that have none, in the order that a table in use bears: expand (a column that may be empty, and a trigger that fills it
 * for code that does not know it), backfill in batches along the foreign key, enforce (NOT NULL and a key that carries the tenant, both NOT VALID
 * first). Pure. Must never invent a tenant: a row whose parent has none stops the last step.
 */
import { quoteName, quoteQualified, type Relation } from "@watertight/schema";
import type { Facts } from "../rules/rule.ts";
import type { FixStatement } from "./fix-plan.ts";

/** Rows that one batch of the backfill changes. */
const batch = 10_000;

interface Step {
  readonly relation: Relation;
  readonly parent: Relation;
  readonly columns: readonly string[];
  readonly parentColumns: readonly string[];
  readonly tenant: TenantColumn;
  /** The parent's, after its own step. */
  readonly above: TenantColumn;
}

interface TenantColumn {
  readonly column: string;
  readonly type: string;
}

/** The statements, parents before their children; none where every table has the column. */
export function expandStatements(facts: Facts): FixStatement[] {
  return stepsOf(facts).flatMap((step) => [...expand(step), ...indexes(step), backfill(step), ...enforce(step, facts)]);
}

function stepsOf({ understanding, reach }: Facts): Step[] {
  const known = new Map<string, TenantColumn>();
  const keyOf = ({ schema, name }: { schema: string; name: string }): string => `${schema}.${name}`;
  for (const { relation, tenancy } of understanding.tables)
    if ((tenancy.kind === "column" && tenancy.holds !== "user") || tenancy.kind === "tenants")
      known.set(keyOf(relation), { column: tenancy.column, type: tenancy.type });
  const name = understanding.tables.flatMap(({ tenancy }) => (tenancy.kind === "column" ? [tenancy.column] : []))[0];
  const steps: Step[] = [];
  for (let grown = true; grown;) {
    grown = false;
    for (const { relation: at, tenancy } of understanding.tables) {
      if (tenancy.kind !== "derived" || known.has(keyOf(at))) continue;
      const [relation, parent] = [reach.relation(at), reach.relation(tenancy.parent)];
      const above = known.get(keyOf(tenancy.parent));
      if (relation === undefined || parent === undefined || above === undefined || relation.isPartition) continue;
      const column = name ?? `${parent.name.replace(/s$/, "")}_id`;
      const has = relation.columns.some((each) => each.name === column);
      if (has || tenancy.parentColumns.includes(above.column)) continue;
      known.set(keyOf(at), { column, type: above.type });
      steps.push({
        relation,
        parent,
        columns: tenancy.columns,
        parentColumns: tenancy.parentColumns,
        tenant: { column, type: above.type },
        above,
      });
      grown = true;
    }
  }
  return steps;
}

const table = ({ schema, name }: Relation): string => quoteQualified(schema, name);

const joined = ({ columns, parentColumns }: Step, child: string): string =>
  columns.map((column, at) => `p.${quoteName(parentColumns[at]!)} = ${child}.${quoteName(column)}`).join(" and ");

const about = ({ relation }: Step): string[] => [`expand ${relation.schema}.${relation.name}`];

function expand(step: Step): FixStatement[] {
  const { relation, parent, tenant, columns } = step;
  const column = quoteName(tenant.column);
  const fill = quoteQualified(relation.schema, `${relation.name}_fill_${tenant.column}`.slice(0, 63));
  const body = `begin
  if new.${column} is null then
    select p.${quoteName(step.above.column)} into new.${column} from ${table(parent)} p where ${joined(step, "new")};
  end if;
  return new;
end`;
  return [
    `alter table ${table(relation)} add column ${column} ${tenant.type}`,
    `create function ${fill}() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$\n${body}\n$$`,
    `create trigger watertight_fill_tenant before insert or update of ${[column, ...columns.map(quoteName)].join(", ")} on ${table(relation)} for each row execute function ${fill}()`,
  ].map((sql): FixStatement => ({ sql, lock: "short", stage: "expand", findings: about(step) }));
}

function indexes({ relation, parent, tenant, above, columns, parentColumns }: Step): FixStatement[] {
  const make = (on: Relation, unique: boolean, names: readonly string[]): FixStatement => ({
    sql: `create ${unique ? "unique " : ""}index concurrently if not exists ${quoteName(`${on.name}_${names.join("_")}_${unique ? "key" : "idx"}`.slice(0, 63))} on ${table(on)} (${names.map(quoteName).join(", ")})`,
    lock: "concurrent",
    findings: [`expand ${relation.schema}.${relation.name}`],
  });
  return [make(relation, false, [tenant.column, ...columns]), make(parent, true, [above.column, ...parentColumns])];
}

function backfill(step: Step): FixStatement {
  const { relation, parent, tenant } = step;
  const [own, column] = [table(relation), quoteName(tenant.column)];
  return {
    sql: `do $$
declare done bigint;
begin
  loop
    update ${own} c set ${column} = p.${quoteName(step.above.column)} from ${table(parent)} p
      where ${joined(step, "c")} and p.${quoteName(step.above.column)} is not null
        and c.ctid = any (array(select ctid from ${own} where ${column} is null limit ${batch}));
    get diagnostics done = row_count;
    exit when done = 0;
    commit;
  end loop;
end $$`,
    lock: "batches",
    stage: "backfill",
    findings: about(step),
  };
}

function enforce(step: Step, { snapshot }: Facts): FixStatement[] {
  const { relation, parent, tenant, above, columns, parentColumns } = step;
  const [own, column] = [table(relation), quoteName(tenant.column)];
  const filled = quoteName(`${relation.name}_${tenant.column}_filled`.slice(0, 63));
  const key = quoteName(`${relation.name}_${columns.join("_")}_tenant`.slice(0, 63));
  const old = snapshot.constraints.find(
    (each) =>
      each.kind === "foreign" &&
      each.relation.schema === relation.schema &&
      each.relation.name === relation.name &&
      each.columns.join() === columns.join(),
  );
  // SET NULL would take the tenant with it
  const kept = [...(old?.definition.matchAll(/ON (?:DELETE|UPDATE) (?:CASCADE|RESTRICT)/g) ?? [])]
    .map(([action]) => ` ${action.toLowerCase()}`)
    .join("");
  const statements: readonly [string, FixStatement["lock"]][] = [
    [`alter table ${own} add constraint ${filled} check (${column} is not null) not valid`, "short"],
    [`alter table ${own} validate constraint ${filled}`, "online"],
    [`alter table ${own} alter column ${column} set not null`, "short"],
    [`alter table ${own} drop constraint ${filled}`, "short"],
    [
      `alter table ${own} add constraint ${key} foreign key (${[tenant.column, ...columns].map(quoteName).join(", ")}) references ${table(parent)} (${[above.column, ...parentColumns].map(quoteName).join(", ")})${kept} not valid`,
      "short",
    ],
    [`alter table ${own} validate constraint ${key}`, "online"],
    // the new key says all that the old one said, unless that one empties the column when its parent goes
    ...(old === undefined || /ON (?:DELETE|UPDATE) SET/.test(old.definition)
      ? []
      : [[`alter table ${own} drop constraint ${quoteName(old.name)}`, "short"] as [string, FixStatement["lock"]]]),
  ];
  return statements.map(([sql, lock]): FixStatement => ({ sql, lock, stage: "enforce", findings: about(step) }));
}
