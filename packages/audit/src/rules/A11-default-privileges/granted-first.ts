/**
 * Tables that a migration opened to the application before a later migration switched row security on: between the two every tenant reads every row.
 * Within one migration it is no finding: the table is new there, and most tools run the file as one transaction.
 */
import type { QualifiedName, Relation } from "@watertight/schema";
import { protectMark } from "../../fix/mark.ts";
import { objectKey } from "../../history/object-key.ts";
import type { SyntaxNode } from "../../history/statement.ts";
import { dotted } from "../../understand/schema/graph.ts";
import { listed, said, sqlName } from "../exposure/words.ts";
import { graphOf, holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Facts, RuleFinding } from "../rule.ts";
import { switchesOf } from "../timeline/row-security.ts";
import { finalName, type Moment, timelineOf } from "../timeline/timeline.ts";

/** One finding a table that was open for a while and is protected at the end. */
export function grantedFirst(facts: Facts): RuleFinding[] {
  const moments = facts.history === undefined ? [] : timelineOf(facts.history);
  const enabled = new Map<string, Moment>();
  for (const { what, on, table, moment } of switchesOf(moments))
    if (what === "enabled" && on && table !== null && !enabled.has(dotted(table))) enabled.set(dotted(table), moment);
  const found = new Map<string, RuleFinding>();
  for (const moment of moments)
    for (const { table, roles } of openings(facts, moments, moment)) {
      const on = enabled.get(dotted(table));
      if (on === undefined || on.at < moment.at || on.statement.migration === moment.statement.migration) continue;
      if (table.rowSecurity && !found.has(dotted(table))) found.set(dotted(table), finding(table, roles, moment, on));
    }
  return [...found.values()];
}

/** Whether protect has written the migration: the way out of A1 for a table that is there already. A comment says so, and a comment must not silence a rule. */
const isRepair = ({ statement: { migration } }: Moment): boolean =>
  migration.fragments.some(({ sql }) => sql.includes(protectMark));

interface Opening {
  readonly table: Relation;
  readonly roles: readonly string[];
}

/** By GRANT, or by default privileges when the table was made. */
function openings(facts: Facts, moments: readonly Moment[], moment: Moment): Opening[] {
  if (moment.type === "GrantStmt") {
    const roles = openedTo(facts, moment);
    return roles.length === 0 ? [] : tablesOf(facts, moments, moment).map((table) => ({ table, roles }));
  }
  const made = moment.type === "CreateStmt" ? moment.name(moment.node["relation"] as SyntaxNode | undefined) : null;
  return tenantTables(facts, moments, moment.at, made === null ? [] : [made]).flatMap((table) => {
    const lists = facts.snapshot.defaultPrivileges.filter(
      ({ creator, schema, objects }) =>
        objects === "tables" && creator === table.owner && (schema === null || schema === made?.schema),
    );
    const given = lists.flatMap(({ acl }) => acl.filter(({ privilege }) => rows.test(privilege.toLowerCase())));
    const roles = given.flatMap(({ role }) =>
      role === "public" ? ["PUBLIC"] : facts.reach.all.has(role) ? [role] : [],
    );
    return roles.length === 0 ? [] : [{ table, roles }];
  });
}

const rows = /^(select|insert|update|delete|truncate)$/;

/** Roles of the application that are given rights on rows. */
function openedTo({ reach }: Facts, { node }: Moment): string[] {
  if (node["is_grant"] !== true || node["objtype"] !== "OBJECT_TABLE") return [];
  const given = ((node["privileges"] ?? []) as SyntaxNode[]).map((each) => String(each["AccessPriv"]?.priv_name));
  if (given.length > 0 && !given.some((each) => rows.test(each))) return [];
  return ((node["grantees"] ?? []) as SyntaxNode[]).flatMap(({ RoleSpec: role }) => {
    if (role?.roletype === "ROLESPEC_PUBLIC") return ["PUBLIC"];
    return reach.all.has(role?.rolename as string) ? [role.rolename as string] : [];
  });
}

/** The tables of tenants that it names, as they are at the end. */
function tablesOf(facts: Facts, moments: readonly Moment[], { at, node, name }: Moment): Relation[] {
  const objects = (node["objects"] ?? []) as SyntaxNode[];
  const named =
    node["targtype"] === "ACL_TARGET_OBJECT"
      ? objects.flatMap((each) => name(each["RangeVar"] as SyntaxNode | undefined) ?? [])
      : madeBefore(moments, at, new Set(objects.map((each) => String(each["String"]?.sval))));
  return tenantTables(facts, moments, at, named);
}

function tenantTables(
  facts: Facts,
  moments: readonly Moment[],
  at: number,
  names: readonly QualifiedName[],
): Relation[] {
  return names.flatMap((each) => {
    const last = finalName(moments, each, at);
    const relation = last === null ? undefined : graphOf(facts).relation(last);
    return relation !== undefined && holdsTenantRows(facts, relation) ? [relation] : [];
  });
}

/** GRANT … ON ALL TABLES is about those that are there. */
function madeBefore(moments: readonly Moment[], before: number, schemas: ReadonlySet<string>): QualifiedName[] {
  return moments.flatMap((moment) => {
    const made =
      moment.type === "CreateStmt" && moment.at < before
        ? moment.name(moment.node["relation"] as SyntaxNode | undefined)
        : null;
    return made !== null && schemas.has(made.schema) ? [made] : [];
  });
}

function finding(table: Relation, roles: readonly string[], grant: Moment, on: Moment): RuleFinding {
  const [opened, closed] = [grant, on].map(({ statement: { place } }) => `${place.file}:${place.line}`);
  return {
    object: { kind: "table", schema: table.schema, name: table.name },
    message: `${said(table)} was opened to ${listed([...new Set(roles)])} in one migration, and row security was switched on in a later one: in between every tenant reached every row.`,
    severity: isRepair(on) ? "info" : "low",
    evidence: [
      `${grant.type === "GrantStmt" ? "granted" : "made, and granted by default privileges,"} at ${opened}`,
      `row security on at ${closed}${isRepair(on) ? ", by a migration of watertight protect: nothing is left to do" : ""}`,
    ],
    keys: [objectKey.rowSecurity(table), objectKey.relation(table)],
    place: grant.statement.place,
    fix: `alter table ${sqlName(table)} enable row level security;\n-- before the GRANT, in the migration that creates the table: for tables to come`,
    attackable: false,
  };
}
