/**
 * The roles that a statement names. Which of them are dangerous is decided here once, for every place that gives rights.
 */
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";

/** Membership in these reaches the machine or the network: noted in the catalog that is shown, never given. */
export const serverRoles: ReadonlySet<string> = new Set([
  "pg_execute_server_program",
  "pg_read_server_files",
  "pg_write_server_files",
  "pg_create_subscription",
]);

/** Roles that a hoster's own superuser has and that log in nowhere. */
const platformRoles = /^(rds_|rdsadmin$|cloudsql|azure_|neon_superuser$|supabase_|pg_|doadmin$|aurora_|alloydb)/;

/** Whether a role that nobody made is one that applications log in as, as far as a name can tell. */
export const mayLogIn = (name: string): boolean => !platformRoles.test(name);

/** Names of roles in a tree, in the order in which they stand there. */
export function roleNames(tree: SyntaxNode): string[] {
  const names: string[] = [];
  walkTree(tree, (type, node) => {
    if (type === "RoleSpec" && node["roletype"] === "ROLESPEC_CSTRING") names.push(String(node["rolename"]));
    if (type === "GrantRoleStmt") names.push(...grantedRoles(node));
    if (type === "CreateRoleStmt") names.push(String(node["role"]));
    if (type === "VariableSetStmt" && (node["name"] === "role" || node["name"] === "session_authorization")) {
      const value: unknown = node["args"]?.[0]?.A_Const?.sval?.sval;
      if (typeof value === "string") names.push(value);
    }
  });
  return names;
}

/** What GRANT role TO … gives. */
export function grantedRoles(grant: SyntaxNode): string[] {
  return ((grant["granted_roles"] ?? []) as SyntaxNode[]).map((one) => String(one["AccessPriv"]?.priv_name));
}

/** To whom GRANT … TO gives, as far as they are names. */
export function granteeRoles(grant: SyntaxNode): string[] {
  return ((grant["grantee_roles"] ?? []) as SyntaxNode[]).flatMap(({ RoleSpec: spec }) =>
    spec?.roletype === "ROLESPEC_CSTRING" ? [String(spec.rolename)] : [],
  );
}
