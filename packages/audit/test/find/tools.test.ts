import { describe, expect, test } from "vitest";
import { brief, type Files, find, sqlOf, statements } from "./project-of.ts";

const drizzleJournal = (dialect: string, ...tags: string[]): string =>
  JSON.stringify({
    version: "7",
    dialect,
    entries: tags.map((tag, idx) => ({ idx, tag, when: 1, breakpoints: true })),
  });
const typeorm = (name: string, sql: string): string =>
  `export class ${name} implements MigrationInterface {\n  async up(q: QueryRunner) { await q.query(\`${sql}\`); }\n  async down(q: QueryRunner) { await q.query("drop x"); }\n}\n`;

interface Expected {
  readonly tool: string;
  readonly folder: string;
  readonly names: string[];
  readonly unread?: string[];
}
const cases: [name: string, files: Files, expected: Expected][] = [
  [
    "Supabase: by name, roles first, seeds left out",
    statements(
      "supabase/migrations/20240102000000_b.sql",
      "supabase/migrations/20240101000000_a.sql",
      "supabase/seed.sql",
      "supabase/roles.sql",
      "supabase/migrations/later.sql",
      "supabase/tests/rls.sql",
    ),
    {
      tool: "supabase",
      folder: "supabase/migrations",
      names: ["roles", "20240101000000_a", "20240102000000_b"],
      unread: ["supabase/migrations/later.sql: the CLI skips a name that is not <timestamp>_name.sql"],
    },
  ],
  [
    "Supabase: an old first init is skipped, a later one is not",
    statements(
      "apps/web/supabase/migrations/20210101000000_init.sql",
      "apps/web/supabase/migrations/20240101000000_init.sql",
    ),
    {
      tool: "supabase",
      folder: "apps/web/supabase/migrations",
      names: ["20240101000000_init"],
      unread: ["apps/web/supabase/migrations/20210101000000_init.sql: the CLI skips an old first _init.sql"],
    },
  ],
  [
    "Supabase: declared schemas where there are no migrations, in the order of the configuration",
    {
      ...statements("supabase/schemas/a.sql", "supabase/schemas/b.sql", "supabase/schemas/c.sql"),
      "supabase/config.toml":
        '[db.migrations]\nenabled = true\nschema_paths = [\n  "./schemas/b.sql",\n  "./schemas/*.sql",\n]\n',
    },
    { tool: "supabase", folder: "supabase/schemas", names: ["b", "a", "c"] },
  ],
  [
    "Prisma: folders by name, in a package of its own",
    {
      ...statements(
        "packages/prisma/prisma/migrations/20240201_b/migration.sql",
        "packages/prisma/prisma/migrations/0_init/migration.sql",
        "packages/prisma/prisma/migrations/note.sql",
      ),
      "packages/prisma/prisma/migrations/migration_lock.toml": '# do not edit\nprovider = "postgresql"\n',
      "packages/prisma/prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n}\n',
      "packages/prisma/prisma/sql/find.sql": "create table no ();",
    },
    {
      tool: "prisma",
      folder: "packages/prisma/prisma/migrations",
      names: ["0_init", "20240201_b"],
      unread: ["packages/prisma/prisma/migrations/note.sql: Prisma runs only <name>/migration.sql"],
    },
  ],
  [
    "Prisma: another provider",
    {
      ...statements("prisma/migrations/1_a/migration.sql"),
      "prisma/migrations/migration_lock.toml": 'provider = "mysql"\n',
    },
    {
      tool: "prisma",
      folder: "prisma/migrations",
      names: [],
      unread: ["prisma/migrations/migration_lock.toml: the provider is mysql, not postgresql"],
    },
  ],
  [
    "Prisma: without a lock the schema tells, wherever it lies",
    {
      ...statements("db/migrations/1_a/migration.sql"),
      "db/models/schema.prisma":
        'generator client {\n provider = "prisma-client-js"\n}\ndatasource db {\n  url = env("X")\n  provider = "sqlite"\n}\n',
    },
    {
      tool: "prisma",
      folder: "db/migrations",
      names: [],
      unread: ["db/migrations: the provider is sqlite, not postgresql"],
    },
  ],
  [
    "Drizzle: the journal's order",
    {
      ...statements("drizzle/0000_a.sql", "drizzle/0001_b.sql", "drizzle/0002_c.sql", "drizzle/0003_lost.sql"),
      "drizzle/meta/_journal.json": drizzleJournal("postgresql", "0001_b", "0000_a", "0002_c", "0009_gone"),
      "drizzle.config.ts": "export default defineConfig({ out: './drizzle', dialect: 'postgresql' });",
    },
    {
      tool: "drizzle",
      folder: "drizzle",
      names: ["0001_b", "0000_a", "0002_c"],
      unread: [
        "drizzle/0009_gone.sql: not found",
        "drizzle/0003_lost.sql: not in the journal: Drizzle does not run it",
      ],
    },
  ],
  [
    "Drizzle: another dialect",
    { ...statements("drizzle/0000_a.sql"), "drizzle/meta/_journal.json": drizzleJournal("sqlite", "0000_a") },
    {
      tool: "drizzle",
      folder: "drizzle",
      names: [],
      unread: ["drizzle/meta/_journal.json: the dialect is sqlite, not postgresql"],
    },
  ],
  [
    "Drizzle: a broken journal",
    { ...statements("drizzle/0000_a.sql"), "drizzle/meta/_journal.json": "{" },
    {
      tool: "drizzle",
      folder: "drizzle",
      names: [],
      unread: ["drizzle/meta/_journal.json: the journal is no JSON with entries: the order is not known"],
    },
  ],
  [
    "Drizzle since 1.0: a folder for each",
    {
      ...statements("src/db/out/20240102_b/migration.sql", "src/db/out/20240101_a/migration.sql"),
      "src/drizzle.config.ts": 'export default defineConfig({ out: "./db/out", dialect: "postgresql" })',
    },
    { tool: "drizzle", folder: "src/db/out", names: ["20240101_a", "20240102_b"] },
  ],
  [
    "Flyway: versions as numbers, then repeatable by description; undo, Java and other databases left out",
    statements(
      "src/main/resources/db/migration/V1__init.sql",
      "src/main/resources/db/migration/V10__ten.sql",
      "src/main/resources/db/migration/V2_1__two_one.sql",
      "src/main/resources/db/migration/sub/V2__two.sql",
      "src/main/resources/db/migration/V2.1.1__deep.sql",
      "src/main/resources/db/migration/R__b_views.sql",
      "src/main/resources/db/migration/R__a_views.sql",
      "src/main/resources/db/migration/U10__ten.sql",
      "src/main/resources/db/migration/h2/V3__h2.sql",
      "src/main/resources/db/migration/postgresql/V3__pg.sql",
      "src/main/resources/db/migration/V4__code.java",
      "src/main/resources/db/migration/afterMigrate__grants.sql",
      "src/main/resources/db/migration/beforeMigrate.sql",
      "src/main/resources/db/migration/beforeEachMigrate.sql",
      "src/main/resources/db/migration/B9__base.sql",
    ),
    {
      tool: "flyway",
      folder: "src/main/resources/db/migration",
      names: [
        "beforeMigrate",
        "V1__init",
        "V2__two",
        "V2_1__two_one",
        "V2.1.1__deep",
        "V3__pg",
        "V10__ten",
        "R__a_views",
        "R__b_views",
        "afterMigrate__grants",
      ],
      unread: [
        "src/main/resources/db/migration/h2/V3__h2.sql: for another database than PostgreSQL",
        "src/main/resources/db/migration/B9__base.sql: a baseline stands for the versions before it, which are read",
        "src/main/resources/db/migration/V4__code.java: a Java migration is a program, not SQL",
        "src/main/resources/db/migration/beforeEachMigrate.sql: a callback that runs at other times than before and after the migration",
      ],
    },
  ],
  [
    "Flyway in a plain folder",
    statements("sql/V1__a.sql", "sql/V1.0.1__b.sql", "sql/more/V1.5__c.sql"),
    { tool: "flyway", folder: "sql", names: ["V1__a", "V1.0.1__b", "V1.5__c"] },
  ],
  [
    "dbmate",
    {
      "db/migrations/20240102_b.sql":
        "-- migrate:up transaction:false\ncreate index concurrently i on t (a);\n\n-- migrate:down\ndrop index i;\n",
      "db/migrations/20240101_a.sql": "-- migrate:up\ncreate table t (a int);\n-- migrate:down\ndrop table t;\n",
      "db/migrations/20240103_c.sql": "create table u ();\n",
      "db/migrations/notes.sql": "select 1;",
    },
    {
      tool: "dbmate",
      folder: "db/migrations",
      names: ["20240101_a", "20240102_b"],
      unread: [
        "db/migrations/20240103_c.sql: no up marker: dbmate refuses the file",
        "db/migrations/notes.sql: dbmate runs only names that begin with a digit",
      ],
    },
  ],
  [
    "golang-migrate: numbers, however they are padded",
    statements(
      "migrations/10_c.up.sql",
      "migrations/10_c.down.sql",
      "migrations/2_b.up.sql",
      "migrations/000001_a.up.sql",
    ),
    { tool: "golang-migrate", folder: "migrations", names: ["000001_a.up", "2_b.up", "10_c.up"] },
  ],
  [
    "Postgrator and Omnivore",
    statements("migrations/10.do.c.sql", "migrations/10.undo.c.sql", "migrations/2.do.b.sql", "migrations/001.do.sql"),
    { tool: "do-undo", folder: "migrations", names: ["001.do", "2.do.b", "10.do.c"] },
  ],
  [
    "Graphile Migrate: after a reset, committed, current; the rest is not run",
    {
      "db/.gmrc":
        '{\n  // comment\n  "pgSettings": { "search_path": "app_public,public" },\n  "placeholders": { ":DATABASE_VISITOR": "!ENV", ":APP": "core" },\n  "afterReset": ["!afterReset.sql", { "_": "command", "command": "x" }],\n}\n',
      "db/migrations/committed/000002-b.sql":
        "--! Previous: sha1:a\n--! Hash: sha1:b\n\n--! no-transaction\nselect 2;\n",
      "db/migrations/committed/000001.sql": "--! Previous: -\n--! Hash: sha1:a\n\nselect 1;\n",
      "db/migrations/current.sql": "-- Enter migration here\n--!include f.sql\n",
      "db/migrations/fixtures/f.sql": "select 4;",
      "db/migrations/current.old.sql": "select 9;",
      "db/migrations/afterReset.sql": "grant connect on database :DATABASE_NAME to :DATABASE_OWNER;",
    },
    {
      tool: "graphile-migrate",
      folder: "db/migrations",
      names: [".gmrc", "afterReset", "000001", "000002-b", "current"],
      unread: ["db/migrations/current.old.sql: Graphile Migrate does not run it by itself"],
    },
  ],
  [
    "Graphile Migrate: known by its headers, a folder as the current one",
    {
      "migrations/committed/000001.sql": "--! Previous: -\n--! Hash: sha1:a\n\nselect 1;\n",
      ...statements("migrations/current/2-b.sql", "migrations/current/1-a.sql"),
    },
    { tool: "graphile-migrate", folder: "migrations", names: ["000001", "1-a", "2-b"] },
  ],
  [
    "Sqitch: the plan's order, earlier texts of a reworked change, scripts that are not there",
    {
      "sqitch.plan":
        "%syntax-version=1.0.0\n%project=x\n\nschema 2024-01-01T00:00:00Z A <a@b> # first\nusers [schema] 2024-01-02T00:00:00Z A <a@b>\n@v0 2024-01-03T00:00:00Z A <a@b> # tag\nroles 2024-01-03T01:00:00Z A <a@b>\n@v1 2024-01-03T02:00:00Z A <a@b>\n\nusers [users@v1] 2024-01-04T00:00:00Z A <a@b>\nlost 2024-01-05T00:00:00Z A <a@b>\n",
      "sqitch.conf": '[core]\n\tengine = pg\n[deploy "variables"]\n\tapp = core\n',
      ...statements(
        "deploy/users.sql",
        "deploy/users@v1.sql",
        "deploy/schema.sql",
        "deploy/roles.sql",
        "revert/users.sql",
        "verify/users.sql",
        "deploy/unplanned.sql",
      ),
    },
    {
      tool: "sqitch",
      folder: "deploy",
      names: ["schema", "users@v1", "roles", "users"],
      unread: ["sqitch.plan: lost: no deploy/lost.sql"],
    },
  ],
  [
    "Sqitch for another engine",
    {
      "sqitch.plan": "%project=x\na 2024 A <a>\n",
      "sqitch.conf": "[core]\nengine = mysql\n",
      ...statements("deploy/a.sql"),
    },
    { tool: "sqitch", folder: "deploy", names: [], unread: ["sqitch.conf: the engine is mysql, not pg"] },
  ],
  [
    "TypeORM: by the number of the class",
    {
      "src/migrations/z-first.ts": typeorm("First1700000000001", "select 1"),
      "src/migrations/a-second.ts": typeorm("Second1700000000002", "select 2"),
      "src/migrations/index.ts": "export * from './z-first'",
      "src/migrations/helper.ts": "export const x = 1;",
    },
    { tool: "typeorm", folder: "src/migrations", names: ["z-first", "a-second"] },
  ],
  [
    "Knex: by name; builders and SQL files that it reads",
    {
      "migrations/20240102_b.js":
        "exports.up = (knex) => knex.schema.createTable('b', (t) => { t.uuid('id'); });\nexports.down = () => {};",
      "migrations/20240101_a.js":
        "exports.up = (knex) => knex.raw(fs.readFileSync(path.join(__dirname, 'sql/a.sql'), 'utf8'));\nexports.down = () => {};",
      "migrations/20240103_c.js":
        "exports.up = (knex) => knex.raw(fs.readFileSync(__dirname + '/../../etc/c.sql', 'utf8'));\nexports.config = { transaction: false };",
      "migrations/20240104_d.js": "module.exports = require('knex').up;",
      "migrations/20240105_e.js": `exports.up = (knex) => knex.raw(${"(".repeat(50_000)}${")".repeat(50_000)});`,
      "migrations/sql/a.sql": "create table a ();",
    },
    {
      tool: "knex",
      folder: "migrations",
      names: ["20240101_a", "20240102_b", "20240103_c"],
      unread: [
        "migrations/20240102_b.js: createTable(…) is built by the tool's own code: 'b'",
        "migrations/20240103_c.js: reads ./../../etc/c.sql: outside of the project",
        "migrations/20240104_d.js: no function up(…) was found",
        "migrations/20240105_e.js: a program that can't be followed: Maximum call stack size exceeded",
      ],
    },
  ],
  [
    "node-pg-migrate: programs and SQL in one order, dates as times",
    {
      "migrations/1700000000000_b.sql": "-- Up Migration\ncreate table b ();\n-- Down Migration\ndrop table b;",
      "migrations/20200513070724505_a.js": "exports.up = (pgm) => { pgm.sql(`create table a ()`); };",
      "migrations/1700000000001_c.ts":
        "export async function up(pgm: MigrationBuilder): Promise<void> { pgm.sql('create table c ()'); }",
    },
    {
      tool: "node-pg-migrate",
      folder: "migrations",
      names: ["20200513070724505_a", "1700000000000_b", "1700000000001_c"],
    },
  ],
  [
    "node-pg-migrate: SQL only, known by its markers",
    {
      "migrations/2_b.sql": "-- Up Migration\ncreate table b ();\n\n-- Down Migration\ndrop table b;\n",
      "migrations/10_c.sql": "---- down migration ----\ndrop table c;\n---- up migration ----\ncreate table c ();\n",
      "migrations/1_a.sql": "create table a ();\n",
    },
    { tool: "node-pg-migrate", folder: "migrations", names: ["1_a", "2_b", "10_c"] },
  ],
  [
    "Kysely: by name",
    {
      "src/db/migrations/2024-02.ts":
        "import { sql, type Kysely } from 'kysely';\nexport async function up(db: Kysely<any>) { await sql`select 2`.execute(db); }",
      "src/db/migrations/2024-01.ts":
        "import { sql, type Kysely } from 'kysely';\nexport async function up(db: Kysely<any>) { await sql`select 1`.execute(db); }",
    },
    { tool: "kysely", folder: "src/db/migrations", names: ["2024-01", "2024-02"] },
  ],
  [
    "a dump",
    { "db/structure.sql": "--\n-- PostgreSQL database dump\n--\n\nset x = 1;\ncreate table t ();\n" },
    { tool: "pg_dump", folder: "db/structure.sql", names: ["structure.sql"] },
  ],
  [
    "a plain folder: numbers as numbers, seeds and the way down left out",
    statements("db/10_policies.sql", "db/2_tables.sql", "db/1_roles.sql", "db/seeds/1.sql", "db/2_tables.down.sql"),
    { tool: "sql", folder: "db", names: ["1_roles", "2_tables", "10_policies"] },
  ],
  [
    "Diesel: numbered folders are steps",
    statements(
      "migrations/2024-01-02-000000_b/up.sql",
      "migrations/2024-01-02-000000_b/down.sql",
      "migrations/2024-01-01-000000_a/up.sql",
    ),
    { tool: "sql", folder: "migrations", names: ["2024-01-01-000000_a", "2024-01-02-000000_b"] },
  ],
  [
    "nothing",
    { "README.md": "x", "src/index.ts": "export {}", "src/queries/find.sql": "select 1;" },
    { tool: "-", folder: "-", names: [] },
  ],
];

describe("finds", () => {
  test.each(cases)("%s", async (_, files, { unread = [], ...expected }) => {
    const sets = await find(files);
    if (expected.tool === "-") expect(sets).toEqual([]);
    else expect(sets.map(brief)).toEqual([{ ...expected, unread }]);
  });
});

describe("reads", () => {
  test("only the way up, at its line", async () => {
    const [set] = await find({
      "db/migrations/1_a.sql": "-- c\n-- migrate:up transaction:false\nselect 1;\n-- migrate:down\nselect 2;\n",
    });
    expect(set?.migrations).toEqual([
      {
        name: "1_a",
        tool: "dbmate",
        file: "db/migrations/1_a.sql",
        fragments: [{ sql: "\nselect 1;\n", line: 2, offset: 36, column: 32 }],
        transaction: false,
      },
    ]);
  });

  test.each([
    ["goose", "-- +goose Up\nselect 1;\n-- +goose Down\nselect 2;\n"],
    ["sql-migrate", "-- +migrate Up\nselect 1;\n-- +migrate Down\nselect 2;\n"],
    ["Play", "# --- !Ups\nselect 1;\n# --- !Downs\nselect 2;\n"],
    ["plain markers", "-- up\nselect 1;\n-- down\nselect 2;\n"],
    ["undo", "select 1;\n-- @undo\nselect 2;\n"],
  ])("%s", async (_, text) => {
    const [set] = await find({ "migrations/1.sql": text.replace("select 1", "create table a ()") });
    expect(sqlOf(set)).toEqual(["create table a ();"]);
  });

  test("Drizzle's parts, each at its line", async () => {
    const [set] = await find({
      "drizzle/0000_a.sql":
        "create table a ()\n--> statement-breakpoint\ncreate table b ();--> statement-breakpoint\nselect 1",
      "drizzle/meta/_journal.json": drizzleJournal("pg", "0000_a"),
    });
    expect(set?.migrations[0]?.fragments.map(({ sql, line, column }) => [sql.trim(), line, column])).toEqual([
      ["create table a ()", 1, 1],
      ["create table b ();", 2, 25],
      ["select 1", 3, 43],
    ]);
  });

  test("Graphile Migrate's session, includes and transactions", async () => {
    const [set] = await find({
      "db/.gmrc": '{"pgSettings": {"search_path": "a, public"}, "placeholders": {":APP": "core", ":X": "!ENV"}}',
      "db/migrations/committed/000001.sql": "--! Previous: -\n--! Hash: sha1:a\n\n--! no-transaction\nselect 1;\n",
      "db/migrations/current.sql": "--!include f.sql\nselect 5;\n--!include ../../secret.sql\n",
      "db/migrations/fixtures/f.sql": "select 4;",
      "db/secret.sql": "select 6;",
    });
    expect(sqlOf(set).map((sql) => sql.replaceAll(/--!.*\n*/g, ""))).toEqual([
      "select pg_catalog.set_config('search_path', 'a, public', false)",
      "select 1;",
      " | select 4; | select 5; | ",
    ]);
    expect(set?.migrations.map(({ transaction }) => transaction)).toEqual([false, false, true]);
    expect(set?.placeholders).toEqual({ APP: "core" });
    expect(set?.unread.map(({ line, reason }) => [line, reason])).toEqual([
      [3, "--!include ../../secret.sql: not read"],
    ]);
  });

  test("Flyway's placeholders and script configuration", async () => {
    const [set] = await find({
      ...statements("sql/V1__a.sql", "sql/V2__b.sql"),
      "sql/V2__b.sql.conf": "executeInTransaction=false\n",
      "flyway.conf": "# c\nflyway.url=jdbc:x\nflyway.placeholders.app_role=app\n",
      "conf/flyway.toml": '[flyway.placeholders]\nschema = "core" # c\n',
      "src/main/resources/application.properties": "spring.flyway.placeholders.owner=boss\n",
    });
    expect(set?.placeholders).toEqual({ app_role: "app", schema: "core", owner: "boss" });
    expect(set?.migrations.map(({ transaction }) => transaction)).toEqual([true, false]);
  });

  test("Sqitch's variables", async () => {
    const [set] = await find({
      "db/sqitch.plan": "%project=x\na 2024 A <a>\n",
      "sqitch.conf":
        '[core]\n\tengine = pg\n\ttop_dir = db\n[core "variables"]\n\tschema = core ; c\n[target "prod"]\n\turi = db:pg:x\n',
      ...statements("db/deploy/a.sql"),
    });
    expect(set?.placeholders).toEqual({ schema: "core" });
    expect(set?.migrations.map(({ file, transaction }) => [file, transaction])).toEqual([["db/deploy/a.sql", false]]);
  });

  test("transactions that a program declines", async () => {
    const [set] = await find({
      "migrations/1.js": "exports.up = (knex) => knex.raw('select 1');\nexports.config = { transaction: false };",
      "migrations/2.js": "exports.up = (knex) => knex.raw('select 1');",
    });
    expect(set?.migrations.map(({ transaction }) => transaction)).toEqual([false, true]);
  });
});
