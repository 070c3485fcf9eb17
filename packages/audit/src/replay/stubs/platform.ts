/**
 * Which hoster's ground the migrations stand on: what they name of Supabase or Neon and do not make themselves. A pure function of the
 * statements; what nobody names is not made.
 */
import type { ParsedStatement, SyntaxNode } from "../../history/statement.ts";

/** A role of a platform, with the attributes that it has there. */
interface PlatformRole {
  readonly name: string;
  readonly attributes: string;
  /** Roles that it belongs to. */
  readonly of?: readonly string[];
}

/** What is made before the first migration. */
export interface Ground {
  readonly platforms: readonly ("supabase" | "neon")[];
  readonly roles: readonly PlatformRole[];
  /** Files below sql/, in order. */
  readonly files: readonly string[];
}

const supabaseRoles: readonly PlatformRole[] = [
  { name: "anon", attributes: "nologin noinherit" },
  { name: "authenticated", attributes: "nologin noinherit" },
  { name: "service_role", attributes: "nologin noinherit bypassrls" },
  { name: "authenticator", attributes: "login noinherit", of: ["anon", "authenticated", "service_role"] },
  { name: "supabase_admin", attributes: "login createrole createdb replication bypassrls" },
  { name: "supabase_auth_admin", attributes: "login noinherit createrole" },
  {
    name: "supabase_storage_admin",
    attributes: "login noinherit createrole",
    of: ["anon", "authenticated", "service_role"],
  },
  { name: "supabase_realtime_admin", attributes: "nologin noinherit" },
  { name: "supabase_replication_admin", attributes: "login replication" },
  { name: "supabase_read_only_user", attributes: "login bypassrls", of: ["pg_read_all_data"] },
  { name: "supabase_functions_admin", attributes: "login noinherit createrole" },
  { name: "dashboard_user", attributes: "nologin createrole createdb replication" },
];

const neonRoles: readonly PlatformRole[] = [
  {
    name: "neon_superuser",
    attributes: "nologin createrole createdb bypassrls",
    of: ["pg_read_all_data", "pg_write_all_data"],
  },
  { name: "authenticator", attributes: "login noinherit", of: ["authenticated", "anonymous"] },
  { name: "authenticated", attributes: "nologin" },
  { name: "anonymous", attributes: "nologin" },
];

const signs = {
  auth: /"?\bauth"?\."?(?:uid|jwt|role|email)"?\s*\(|"?\bauth"?\."?(?:users|identities|sessions|refresh_tokens|mfa_factors|audit_log_entries)\b/i,
  storage: /"?\bstorage"?\."?(?:buckets|objects|foldername|filename|extension)\b/i,
  realtime: /"?\brealtime"?\."?(?:messages|topic|send|broadcast_changes)\b/i,
  vault: /"?\bvault"?\."?(?:secrets|decrypted_secrets|create_secret|update_secret)\b|\bsupabase_vault\b/i,
  graphql: /"?\bgraphql(?:_public)?"?\."?(?:resolve|graphql)\b/i,
  roles: /\b(?:service_role|supabase_\w+|supabase_realtime)\b|\bto\s+(?:"?(?:anon|authenticated)"?\s*,?\s*){2}/i,
  graphile_worker: /\bgraphile_worker"?\."?add_jobs?\b/i,
  neon: /"?\bauth"?\."?(?:user_id|session)"?\s*\(|\bneon_superuser\b|\bneon_auth\b|\bpg_session_jwt\b/i,
} as const;

type Sign = keyof typeof signs;

/** What the migrations make themselves: schemas, and roles. */
function ownMakes(statements: readonly ParsedStatement[]): { schemas: Set<string>; roles: Set<string> } {
  const [schemas, roles] = [new Set<string>(), new Set<string>()];
  for (const { tree, type } of statements) {
    const node = (tree?.[type] ?? {}) as SyntaxNode;
    if (type === "CreateRoleStmt") roles.add(String(node["role"]));
    if (type === "CreateSchemaStmt" && node["if_not_exists"] !== true) schemas.add(String(node["schemaname"]));
    // a project that writes its own auth.uid() plays Supabase; a new version of the real one says OR REPLACE
    if (type === "CreateFunctionStmt" && node["replace"] !== true && node["funcname"]?.length === 2)
      if (node["funcname"][1].String?.sval === "uid") schemas.add(String(node["funcname"][0].String?.sval));
    if (type === "CreateStmt" && node["if_not_exists"] !== true && node["relation"]?.relname === "users")
      schemas.add(String(node["relation"].schemaname ?? "public"));
  }
  return { schemas, roles };
}

/** Finds out what has to be there before the first migration. */
export function groundOf(statements: readonly ParsedStatement[]): Ground {
  const seen = new Set<Sign>();
  const open = (Object.keys(signs) as Sign[]).map((sign) => [sign, signs[sign]] as const);
  for (const { text } of statements)
    for (const [sign, pattern] of open) if (!seen.has(sign) && pattern.test(text)) seen.add(sign);
  const makes = ownMakes(statements);
  const has = (sign: Sign): boolean => seen.has(sign) && !makes.schemas.has(sign);
  const neon = has("neon") && !makes.schemas.has("auth");
  const supabase =
    statements.some(({ migration }) => migration.tool === "supabase") ||
    (["auth", "storage", "realtime"] as const).some(has) ||
    (seen.has("roles") && !neon && !makes.roles.has("anon") && !makes.roles.has("authenticated"));
  const roles = [...(supabase ? supabaseRoles : []), ...(neon ? neonRoles : [])];
  const auth = supabase && !makes.schemas.has("auth");
  return {
    platforms: [...(supabase ? (["supabase"] as const) : []), ...(neon ? (["neon"] as const) : [])],
    roles: roles.filter(
      ({ name }, at) => !makes.roles.has(name) && roles.findIndex((role) => role.name === name) === at,
    ),
    files: [
      ...(supabase ? ["supabase/base.sql"] : []),
      ...(auth ? ["supabase/auth.sql"] : []),
      ...(supabase
        ? (["storage", "realtime", "vault", "graphql"] as const).filter(has).map((part) => `supabase/${part}.sql`)
        : []),
      ...(neon ? ["neon.sql"] : []),
      ...(has("graphile_worker") ? ["graphile-worker.sql"] : []),
    ],
  };
}
