/**
 * Which statements may run as superuser when nothing less will do: an allow-list on the tree, of statements that run no code of the schema
 * and give nobody a way to the machine. What is not named here is never promoted.
 */
import type { ParsedStatement, SyntaxNode } from "../../history/statement.ts";
import { harmlessExtensions } from "./extensions.ts";
import { grantedRoles, roleNames, serverRoles } from "./role-names.ts";

/** Names that no promoted statement may give anything of or to. */
export interface Forbidden {
  readonly superuser: string;
  readonly owner: string;
}

type Decide = (node: SyntaxNode, forbidden: Forbidden) => boolean;

interface Option {
  readonly defname: string;
  readonly arg?: SyntaxNode;
}

const optionsOf = (list: unknown): Option[] =>
  ((list ?? []) as SyntaxNode[]).map((entry) => entry["DefElem"] as Option);
const only = (list: unknown, names: readonly string[]): boolean =>
  optionsOf(list).every(({ defname }) => names.includes(defname));

const roleOptions = [
  // taken out of the text by prepare(); a text that still has it is refused below
  "superuser",
  "canlogin",
  "inherit",
  "createrole",
  "createdb",
  "bypassrls",
  "isreplication",
  "connectionlimit",
  "password",
  "validUntil",
  "addroleto",
  "rolemembers",
  "adminmembers",
];

// Superuser-only settings that a login may have without a way out of the database. A custom one (app.tenant) is only a text.
const harmlessSettings =
  /^(log_statement|log_min_duration_statement|log_parameter_max_length|track_\w+|deadlock_timeout|session_replication_role)$/;
const harmlessSetting = (name: unknown): boolean =>
  typeof name === "string" &&
  (name.includes(".") ? !/^(plperl|pltcl|plpython\w*)\./i.test(name) : harmlessSettings.test(name));

const settingOf: Decide = ({ setstmt }) =>
  String(setstmt?.kind).startsWith("VAR_RESET") || harmlessSetting(setstmt?.name);

const routine: Decide = ({ actions }) => {
  const names = optionsOf(actions).map(({ defname }) => defname);
  return names.includes("leakproof") && !names.includes("support") && !names.includes("transform");
};

const wholeSchemas: Decide = ({ pubobjects, for_all_tables: all }) =>
  all === true ||
  (Array.isArray(pubobjects) &&
    pubobjects.every((entry: SyntaxNode) => /TABLES_IN/.test(String(entry["PublicationObjSpec"]?.pubobjtype))));

const byType: Readonly<Record<string, Decide>> = {
  CreateRoleStmt: ({ options }) => only(options, roleOptions),
  AlterRoleStmt: ({ options }) => only(options, roleOptions),
  AlterRoleSetStmt: settingOf,
  AlterDatabaseSetStmt: settingOf,
  GrantRoleStmt: () => true,
  CreateEventTrigStmt: ({ eventname }) => eventname !== "login",
  CreatePublicationStmt: wholeSchemas,
  AlterPublicationStmt: wholeSchemas,
  // never CREATE FUNCTION: to read its body and its defaults runs code of the schema
  AlterFunctionStmt: routine,
  CreateExtensionStmt: ({ extname }) => harmlessExtensions.has(String(extname)),
  CreateFdwStmt: ({ func_options: functions }) => functions === undefined,
};

/** Whether the statement may run as superuser, in the text in which it will be sent. */
export function promotable({ tree, type }: ParsedStatement, text: string, forbidden: Forbidden): boolean {
  const decide = Object.hasOwn(byType, type) ? byType[type] : undefined;
  if (tree === null || decide === undefined) return false;
  if (/^(Create|Alter)RoleStmt$/.test(type) && /superuser/i.test(text)) return false;
  const node = tree[type] as SyntaxNode;
  const granted = type === "GrantRoleStmt" ? grantedRoles(node) : [];
  for (const name of roleNames(tree)) {
    if (name === forbidden.superuser || serverRoles.has(name)) return false;
    // predefined roles may be given, and nothing may be done to them
    if (name.startsWith("pg_") && !granted.includes(name) && !(type === "CreateRoleStmt" && name !== node["role"]))
      return false;
  }
  // the migrations' own role gets no rights by this road, only memberships of ordinary roles
  if ((type === "AlterRoleStmt" || type === "CreateRoleStmt") && roleNames(tree)[0] === forbidden.owner) return false;
  return decide(node, forbidden);
}
