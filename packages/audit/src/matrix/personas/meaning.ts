/**
 * Which columns hold a tenant and which hold a user: followed along foreign keys to the column where the value begins, because two tenants
 * can only be seeded when every column that means "tenant" gets the same value. Must never read rows.
 */
import type { QualifiedName, Relation } from "@watertight/schema";
import type { Facts } from "../../rules/rule.ts";
import { dotted, type SchemaGraph } from "../../understand/schema/graph.ts";
import { peopleOf } from "../../understand/tenants/people.ts";
import type { SessionTable } from "../../understand/understanding.ts";

/** What a column's value stands for. */
type Holds = "tenant" | "user";

/** Answers about columns. */
export interface Meaning {
  /** Null: neither. */
  holds(table: QualifiedName, column: string): Holds | null;
  /** Types of the ids, as format_type prints them; null where the schema has none. */
  readonly tenantType: string;
  readonly userType: string | null;
  /** The type by which ids are made: texts that policies cast to uuid or a number must be such. */
  readonly tenantForm: string;
  readonly userForm: string | null;
  /** The columns where ids begin, as schema.table.column: a row there makes the tenant or the user. */
  readonly tenantRoots: ReadonlySet<string>;
  readonly userRoots: ReadonlySet<string>;
  /** Columns whose values the context holds in place of a user's id, as schema.table.column, with their types. */
  readonly sessionTypes: ReadonlyMap<string, string>;
}

const none = { schema: "", name: "" } as Relation;
const keyOf = (table: QualifiedName, column: string): string => `${dotted(table)}.${column}`;

function rootOf(
  graph: SchemaGraph,
  table: QualifiedName,
  column: string,
  seen: ReadonlySet<string> = new Set(),
): string {
  const key = keyOf(table, column);
  const relation = graph.relation(table);
  if (!relation || seen.has(key)) return key;
  for (const each of graph.foreignKeys(relation)) {
    const at = each.columns.indexOf(column);
    if (at < 0) continue;
    const parentColumn = each.parentColumns[at]!;
    if (keyOf(each.parent, parentColumn) === key) continue;
    return rootOf(graph, each.parent, parentColumn, new Set([...seen, key]));
  }
  return key;
}

function typeOf(graph: SchemaGraph, root: string): string | null {
  const relation = graph.tables.find(
    (table) => root.startsWith(`${dotted(table)}.`) && columnIn(root, dotted(table)) !== null,
  );
  if (!relation) return null;
  return graph.column(relation, columnIn(root, dotted(relation))!)?.type ?? null;
}

const columnIn = (root: string, table: string): string | null => {
  const rest = root.slice(table.length + 1);
  return rest.includes(".") ? null : rest;
};

/** The name of a session table's key, as in {@link Meaning.sessionTypes}. */
export const sessionKey = ({ relation, column }: SessionTable): string => keyOf(relation, column);

/** What a text has to look like because policies cast what they compare: current_setting('app.tenant_id')::uuid. */
function formOf({ policies }: Facts["snapshot"], type: string): string {
  if (!/^(text|character varying)/.test(type)) return type;
  const casts = policies.flatMap(({ using, check }) =>
    [
      ...`${using} ${check}`.matchAll(
        /current_setting\('[^']+'(?:::text)?(?:, \w+)?\)(?:, ''::text\))?\)*::(uuid|integer|bigint)/g,
      ),
    ].map(([, form]) => form!),
  );
  const [first] = casts;
  return first !== undefined && casts.every((form) => form === first) ? first : type;
}

/** Reads the meaning of columns from the understanding. */
export function columnMeaning({ snapshot, understanding }: Facts, graph: SchemaGraph): Meaning {
  const tenantRoots = new Set<string>();
  const userRoots = new Set<string>();
  const names = new Map<string, Holds>();
  let tenantType: string | null = null;
  for (const { relation, tenancy } of understanding.tables) {
    if (tenancy.kind !== "column" && tenancy.kind !== "tenants") continue;
    const holds: Holds = tenancy.kind === "column" && tenancy.holds === "user" ? "user" : "tenant";
    (holds === "user" ? userRoots : tenantRoots).add(rootOf(graph, relation, tenancy.column));
    // `id` of a profile is its user, but the ids of other tables are not
    if (tenancy.kind === "column" && !(graph.primaryKey(graph.relation(relation) ?? none).join() === tenancy.column))
      names.set(tenancy.column, holds);
    if (holds === "tenant" && (tenantType === null || tenancy.kind === "tenants")) tenantType = tenancy.type;
  }
  for (const each of understanding.memberships) {
    tenantRoots.add(rootOf(graph, each.relation, each.tenantColumn));
    userRoots.add(rootOf(graph, each.relation, each.userColumn));
    if (graph.primaryKey(graph.relation(each.relation) ?? none).join() !== each.userColumn)
      names.set(each.userColumn, "user");
  }
  for (const table of peopleOf(graph).tables) {
    const [column, ...others] = graph.primaryKey(table);
    if (column !== undefined && others.length === 0) userRoots.add(rootOf(graph, table, column));
  }
  // one user = one tenant: both words mean the same id
  if (understanding.perUser) for (const root of userRoots) tenantRoots.add(root);
  for (const root of tenantRoots) userRoots.delete(root);
  const userType = [...userRoots].map((root) => typeOf(graph, root)).find((type) => type !== null) ?? null;

  const known = new Map<string, Holds | null>();
  const find = (table: QualifiedName, column: string): Holds | null => {
    const root = rootOf(graph, table, column);
    if (tenantRoots.has(root)) return "tenant";
    if (userRoots.has(root)) return "user";
    // no foreign key says so: the same name and type as a column that is known
    const named = names.get(column);
    const type = graph.column(graph.relation(table)!, column)?.type;
    if (root !== keyOf(table, column) || named === undefined) return null;
    return type === (named === "user" ? userType : tenantType) ? named : null;
  };
  return {
    tenantType: tenantType ?? "uuid",
    userType,
    tenantForm: formOf(snapshot, tenantType ?? "uuid"),
    userForm: userType === null ? null : formOf(snapshot, userType),
    tenantRoots,
    userRoots,
    sessionTypes: new Map(
      understanding.context.flatMap((source) =>
        "session" in source && source.session !== undefined ? [[sessionKey(source.session), source.session.type]] : [],
      ),
    ),
    holds(table, column) {
      const key = keyOf(table, column);
      let answer = known.get(key);
      if (answer === undefined) known.set(key, (answer = graph.relation(table) ? find(table, column) : null));
      return answer;
    },
  };
}
