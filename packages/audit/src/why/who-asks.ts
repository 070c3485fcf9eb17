/**
 * Who asks in `watertight why`: the table by its name, the application's role, and the request's context as sentences. Pure.
 */
import type { Relation } from "@watertight/schema";
import { CheckError } from "../check/check-error.ts";
import { didYouMean } from "../config/suggest.ts";
import type { Facts } from "../rules/rule.ts";
import type { SchemaGraph } from "../understand/schema/graph.ts";
import { dotted } from "../understand/schema/graph.ts";
import type { ApplicationRole } from "../understand/understanding.ts";

/** The table of a name, with or without its schema. @throws CheckError WT_CHECK_UNKNOWN */
export function tableOf(graph: SchemaGraph, name: string): Relation {
  const [schema, ...rest] = name.split(".");
  const found = rest.length === 0 ? graph.find(undefined, name, ["public"]) : graph.find(schema, rest.join("."));
  if (found !== undefined && (found.kind === "r" || found.kind === "p")) return found;
  const names = graph.tables.map((table) => (table.schema === "public" ? table.name : dotted(table)));
  throw new CheckError(
    "WT_CHECK_UNKNOWN",
    found === undefined
      ? `There is no table ${name}${didYouMean(name, names)}.`
      : `${name} is no table: policies stand on tables.`,
    found === undefined ? "Name a table of the database: --table schema.table" : "Name the table behind it.",
  );
}

/** The role that requests run as: the one that was named, else the application's first. @throws CheckError WT_CHECK_UNKNOWN */
export function roleOf({ understanding, snapshot }: Facts, named: string | undefined): ApplicationRole {
  const known = understanding.roles.find(({ name, kind }) =>
    named === undefined ? kind === "tenant" : name === named,
  );
  if (known !== undefined) return known;
  if (named !== undefined && snapshot.roles.some(({ name }) => name === named))
    return { name: named, login: named, kind: "tenant", evidence: { source: "declared", because: ["--role"] } };
  throw new CheckError(
    "WT_CHECK_UNKNOWN",
    named === undefined ? "No role of the application was found." : `There is no role ${named}.`,
    "Name the role that requests run as: --role app",
  );
}

const setConfig = /^select set_config\('((?:[^']|'')*)', '((?:[^']|'')*)', true\)$/;

/** What a request says about itself, without its secrets. */
export function contextLines(statements: readonly string[]): string[] {
  return statements.map((statement) => {
    const [, name, value] = setConfig.exec(statement) ?? [];
    if (name === undefined || value === undefined) return "a signed context of the kit";
    return `${name.replaceAll("''", "'")} = ${value.replaceAll("''", "'")}`;
  });
}

/** The columns of a row that name it: its key, and what says whose it is. */
export function namingColumns(
  facts: Facts,
  graph: SchemaGraph,
  relation: Relation,
  columns: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const tenancy = facts.understanding.tables.find((table) => dotted(table.relation) === dotted(relation))?.tenancy;
  const owner =
    tenancy === undefined ? [] : "column" in tenancy ? [tenancy.column] : "columns" in tenancy ? tenancy.columns : [];
  const names = new Set([...graph.primaryKey(relation), ...owner]);
  return Object.fromEntries(Object.entries(columns).filter(([name]) => names.size === 0 || names.has(name)));
}

/** off, on or forced. */
export const rowSecurityOf = ({ rowSecurity, forced }: Relation): "off" | "on" | "forced" =>
  rowSecurity ? (forced ? "forced" : "on") : "off";
