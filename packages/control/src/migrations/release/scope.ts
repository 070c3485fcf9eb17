/**
 * Where a migration runs: said by a comment at its head, by a folder of its path, or by the release's default. Pure.
 */
import { MigrationError } from "../migration-error.ts";

/** pool: shared tables; tenant: a tenant's own schema or database; catalog: the application's central database. */
export type Scope = "pool" | "tenant" | "catalog";

/** All scopes. */
const scopes: readonly Scope[] = ["pool", "tenant", "catalog"];

const HEADER = /^\s*--\s*watertight:\s*scope\s*=\s*([^\n]*)$/im;
/** Comments and blank lines before the first statement. */
const HEAD = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/;

/** How scopes are told apart. */
export interface ScopeOptions {
  /** Of migrations that say nothing; default pool and tenant: the application's tables are the same everywhere. */
  readonly defaultScopes?: readonly Scope[];
  /** Scope by folder, for example { "db/central": ["catalog"] }; the longest match counts. A header comment wins. */
  readonly folders?: Readonly<Record<string, readonly Scope[]>>;
}

/**
 * The scopes of a migration.
 * @throws MigrationError WT_MIGRATION_SCOPE
 */
export function scopesOf(file: string, text: string, options: ScopeOptions = {}): readonly Scope[] {
  const said = HEADER.exec(HEAD.exec(text)?.[0] ?? "")?.[1];
  if (said !== undefined) return named(file, said);
  const folder = Object.keys(options.folders ?? {})
    .map((path) => path.replace(/\/+$/, ""))
    .filter((path) => file.startsWith(`${path}/`))
    .toSorted((a, b) => b.length - a.length)[0];
  const byFolder = folder === undefined ? undefined : (options.folders?.[folder] ?? options.folders?.[`${folder}/`]);
  return byFolder ?? options.defaultScopes ?? ["pool", "tenant"];
}

function named(file: string, said: string): readonly Scope[] {
  const names = said.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !(scopes as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new MigrationError("WT_MIGRATION_SCOPE", { detail: `${file}: ${unknown || "empty"}` });
  return scopes.filter((scope) => names.includes(scope));
}
