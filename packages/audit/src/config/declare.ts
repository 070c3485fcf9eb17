/**
 * The declarations of a configuration for one database: every table, column and role that it names must exist there, because a misspelt one
 * would silently leave the inferred answer in force. Pure.
 */
import type { Relation, Snapshot } from "@watertight/schema";
import type { Declared, DeclaredTable } from "../understand/declared.ts";
import { dotted, type SchemaGraph, schemaGraph } from "../understand/schema/graph.ts";
import { ConfigError } from "./config-error.ts";
import type { Options } from "./options.ts";
import type { ResolvedOptions } from "./resolve.ts";
import { didYouMean } from "./suggest.ts";

/**
 * Checks all names and answers what `understand` obeys, tables named in full.
 * @throws ConfigError WT_CONFIG_NAME
 */
export function declare({ options, origins }: ResolvedOptions, snapshot: Snapshot): Declared {
  const graph = schemaGraph(snapshot);
  const problems: string[] = [];
  const say = (path: string, problem: string): void => {
    const origin = origins.get(path)?.name;
    problems.push(`${origin ? `${origin}: ` : ""}${problem}`);
  };
  const table = (path: string, option: string, name: string): Relation | undefined => {
    const found = findTable(graph, name);
    if (typeof found !== "string") return found;
    say(path, `${option} names ${name}, ${found}`);
    return undefined;
  };
  const columnsExist = (path: string, option: string, relation: Relation, columns: readonly string[]): void => {
    for (const column of columns)
      if (!graph.column(relation, column))
        say(
          path,
          `${option} names ${column}, which ${dotted(relation)} has not${didYouMean(
            column,
            relation.columns.map((each) => each.name),
          )}`,
        );
  };

  const tables: Record<string, DeclaredTable> = {};
  for (const [name, said] of Object.entries(options.tables)) {
    const option = `tables.${name}`;
    const relation = table("tables", option, name);
    if (!relation) continue;
    const parent = said.parent === undefined ? undefined : table("tables", `${option}.parent`, said.parent);
    columnsExist("tables", option, relation, [...(said.column === undefined ? [] : [said.column]), ...(said.by ?? [])]);
    if (parent && !said.by && !graph.foreignKeys(relation).some((key) => key.parent === parent))
      say(
        "tables",
        `${option}.parent is ${dotted(parent)}, but no foreign key leads there; add by: the columns that do`,
      );
    tables[dotted(relation)] = { ...said, parent: parent && dotted(parent) };
  }
  const global = options.global.flatMap((name) => table("global", "global", name) ?? []);
  const tenants =
    options.tenant.table === null ? undefined : table("tenant.table", "tenant.table", options.tenant.table);
  const { column } = options.tenant;
  if (column !== null && !graph.tables.some((each) => graph.column(each, column)))
    say(
      "tenant.column",
      `tenant.column is ${column}, which no table has${didYouMean(column, new Set(graph.tables.flatMap((each) => each.columns.map(({ name }) => name))))}`,
    );
  for (const [kind, names] of roleNames(options))
    for (const name of names)
      if (!snapshot.roles.some((role) => role.name === name))
        say(
          `roles.${kind}`,
          `roles.${kind} names ${name}, which does not exist${didYouMean(
            name,
            snapshot.roles.flatMap((role) => (role.predefined ? [] : [role.name])),
          )}`,
        );
  if (problems.length > 0) throw new ConfigError("WT_CONFIG_NAME", problems);

  const { roles, context, tenant } = options;
  const anyRole = roleNames(options).some(([, names]) => names.length > 0);
  return {
    tenant: { column: tenant.column ?? undefined, type: tenant.type ?? undefined, table: tenants && dotted(tenants) },
    tables,
    global: global.map(dotted),
    roles: anyRole ? { ...roles, login: roles.login ?? undefined } : undefined,
    context:
      context.setting === null && context.claim === null
        ? undefined
        : {
            setting: context.setting ?? undefined,
            claim: context.claim ?? undefined,
            holds: context.holds ?? undefined,
          },
  };
}

function roleNames({ roles }: Options): readonly (readonly [string, readonly string[]])[] {
  return [
    ["tenant", roles.tenant],
    ["anonymous", roles.anonymous],
    ["service", roles.service],
    ["login", roles.login === null ? [] : [roles.login]],
  ];
}

/** The table of a name, or why there is none. */
function findTable(graph: SchemaGraph, name: string): Relation | string {
  const known = graph.tables.filter((table) => !table.isPartition);
  const exact = known.find((table) => dotted(table) === name) ?? graph.tables.find((table) => dotted(table) === name);
  if (exact) return exact;
  const named = graph.tables.filter((table) => table.name === name);
  const own = named.find((table) => table.schema === "public") ?? (named.length === 1 ? named[0] : undefined);
  if (own) return own;
  if (named.length > 1) return `which could be ${named.map(dotted).join(" or ")}; write it with its schema`;
  const names = known.flatMap((table) =>
    table.schema === "public" ? [table.name, dotted(table)] : [dotted(table), table.name],
  );
  return `which does not exist${didYouMean(name, names)}`;
}
