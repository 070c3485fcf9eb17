/**
 * Names that people give to tenants, users and bookkeeping tables, in several languages. A name is the weakest evidence: the graph and the
 * policies go before it. Must never be the only reason for an answer where the graph has another.
 */

/** A name without case, separators, the usual prefixes and a plural s: "tbl_Organizations", "organization" and "organization_id" meet. */
export function plainWord(name: string): string {
  // asked for every column of every table, again and again
  const known = plainWords.get(name);
  if (known !== undefined) return known;
  if (plainWords.size > 50_000) plainWords.clear();
  const word = readWord(name);
  plainWords.set(name, word);
  return word;
}

const plainWords = new Map<string, string>();

function readWord(name: string): string {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
  while (words.length > 1 && ["tbl", "t", "app", "core", "public", "the", "fk"].includes(words[0]!)) words.shift();
  while (words.length > 1 && ["id", "uuid", "uid", "key", "pk", "fk", "ref", "code", "slug"].includes(words.at(-1)!))
    words.pop();
  const joined = words.join("");
  // tenantid, orgid: the id is glued on
  return singular(joined.length > 4 && joined.endsWith("id") && !joined.endsWith("aid") ? joined.slice(0, -2) : joined);
}

function singular(word: string): string {
  if (word.endsWith("ies") && word.length > 4) return `${word.slice(0, -3)}y`;
  if (/(ss|us|is)$/.test(word)) return word;
  return word.endsWith("s") && word.length > 3 ? word.slice(0, -1) : word;
}

const tenantWords: readonly (readonly [strength: number, words: string])[] = [
  [12, "tenant mandant mandanten inquilino locataire inquilina tenancy huurder mandator"],
  [
    10,
    "organization organisation org organizacion organizacao organizzazione organisatie organisationen verein verband",
  ],
  [8, "workspace team company account companie empresa firma entreprise azienda bedrijf unternehmen societe kunde"],
  [
    6,
    "client klant cliente business agency customeraccount subscriber space site store shop school clinic club studio merchant vendor brand institution practice household family guild realm domain group",
  ],
  [4, "customer project instance environment department"],
];
const tenantStrength = new Map(
  tenantWords.flatMap(([strength, words]) => words.split(" ").map((word) => [word, strength] as const)),
);

/** How much a table's or column's name sounds like a tenant: 0 not at all, 12 plainly. */
export function tenantStrengthOf(name: string): number {
  return tenantStrength.get(plainWord(name)) ?? 0;
}

const userWords = new Set(
  "user appuser profile userprofile person people login identity benutzer nutzer anwender usuario utilisateur utente gebruiker perfil authuser endusers".split(
    " ",
  ),
);

/** Whether a table's name means people who sign in. */
export function soundsLikeUsers(name: string): boolean {
  return userWords.has(plainWord(name));
}

/** Columns that name the person to whom a row belongs, the most telling first. */
const ownerColumns = [
  "user",
  "userprofile",
  "profile",
  "owner",
  "author",
  "ownerid",
  "uid",
  "creator",
  "createdby",
  "usr",
  "person",
  "member",
  "benutzer",
  "usuario",
  "utilisateur",
];

/** How well a column's name says "belongs to this person": 0 not at all, more is better. */
export function ownerStrengthOf(column: string): number {
  const word = plainWord(column);
  const at = ownerColumns.indexOf(word);
  if (at >= 0) return ownerColumns.length - at;
  return /^(user|owner)/.test(word) || /(user|owner)$/.test(word) ? 1 : 0;
}

const membershipWords =
  /(member|membership|mitglied|miembro|membre|lid)|(^|_)users?_(org|team|tenant|account|company|workspace)|(org|organi[sz]ation|team|tenant|account|company|workspace)s?_?users?$/i;

/** Whether a table's name means "who belongs to what". */
export function soundsLikeMembership(name: string): boolean {
  return membershipWords.test(name);
}

/** Ledgers of migration tools and other bookkeeping, by name. */
const ledgers: readonly (readonly [RegExp, string])[] = [
  [/^_prisma_migrations$/, "Prisma's ledger of migrations"],
  [/^__drizzle_migrations(__.*)?$/, "Drizzle's ledger of migrations"],
  [/^(knex_migrations|knex_migrations_lock)$/, "Knex's ledger of migrations"],
  [/^pgmigrations$/, "node-pg-migrate's ledger of migrations"],
  [/^flyway_schema_history$/, "Flyway's ledger of migrations"],
  [/^(databasechangelog|databasechangeloglock)$/i, "Liquibase's ledger of migrations"],
  [/^(schema_migrations|schema_migrations_lock|ar_internal_metadata)$/, "a ledger of migrations"],
  [
    /^(typeorm_metadata|migrations|mikro_orm_migrations|kysely_migration|kysely_migration_lock)$/,
    "a ledger of migrations",
  ],
  [
    /^(SequelizeMeta|sequelize_meta|schemaversion|schema_version|goose_db_version|alembic_version|django_migrations)$/,
    "a ledger of migrations",
  ],
];

/** What a bookkeeping table is, or undefined. */
export function ledgerName(table: string): string | undefined {
  return ledgers.find(([pattern]) => pattern.test(table))?.[1];
}

const platformSchemas = new Map<string, string>([
  ...[
    "auth",
    "storage",
    "realtime",
    "_realtime",
    "vault",
    "pgsodium",
    "supabase_functions",
    "supabase_migrations",
    "graphql",
    "graphql_public",
    "extensions",
    "pgbouncer",
    "_analytics",
  ].map((schema) => [schema, "Supabase"] as const),
  ["neon_auth", "Neon"],
  ["cron", "pg_cron"],
  ["net", "pg_net"],
  ["drizzle", "Drizzle"],
  ["graphile_worker", "Graphile Worker"],
  ["graphile_migrate", "Graphile Migrate"],
  ["pgboss", "pg-boss"],
  ["sqitch", "Sqitch"],
  ["watertight", "the watertight kit"],
  ["hdb_catalog", "Hasura"],
]);

/** Who manages a schema, where it is not the project. */
export function platformOf(schema: string): string | undefined {
  return platformSchemas.get(schema);
}
