/** A small project for each tool whose migrations are not plain SQL files, with the SQL put in: what `protect` is to continue. */
import { createHash } from "node:crypto";
import type { MigrationTool } from "../../src/find/migration.ts";
import type { Files } from "../find/project-of.ts";

/** A project, and the names of what is written: one migration in a transaction, and one that makes indexes. */
export interface ToolProject {
  readonly tool: MigrationTool;
  readonly about: string;
  files(sql: string): Files;
  readonly names: readonly [indexes: RegExp, rest: RegExp];
  /** What the text of the migration with the indexes must say; null where they are made in the transaction of the other. */
  readonly outside: RegExp | null;
}

const literal = (sql: string): string => JSON.stringify(sql);
/** Knex takes ? for a value. */
const knexLiteral = (sql: string): string => literal(sql.replaceAll("?", String.raw`\?`));
const day = String.raw`2026112110203\d`;
const ms = String.raw`\d{13}`;
const names = (begin: string, end: string): ToolProject["names"] => [
  new RegExp(`^${begin}_watertight_indexes\\.${end}$`),
  new RegExp(`^${begin}_watertight\\.${end}$`),
];

const graphile = (sql: string): Files => {
  const hash = `sha1:${createHash("sha1").update(`${sql.trim()}\n`).digest("hex")}`;
  return {
    ".gmrc": "{}",
    "migrations/committed/000001.sql": `--! Previous: -\n--! Hash: ${hash}\n\n${sql}`,
    "migrations/current.sql": "-- Enter migration here\n",
  };
};

/** All of them. */
export const projects: readonly ToolProject[] = [
  {
    tool: "knex",
    about: "CommonJS",
    files: (sql) => ({
      "migrations/20240101000000_a.js": `exports.up = (knex) => knex.raw(${knexLiteral(sql)});\nexports.down = () => {};\n`,
    }),
    names: names(`migrations/${day}`, "js"),
    outside: /^exports\.config = \{ transaction: false \};$/m,
  },
  {
    tool: "knex",
    about: "ES module, counted",
    files: (sql) => ({
      "db/migrations/008_a.mjs": `export const up = (knex) => knex.raw(${knexLiteral(sql)});\nexport const down = () => {};\n`,
    }),
    names: [/^db\/migrations\/009_watertight_indexes\.mjs$/, /^db\/migrations\/010_watertight\.mjs$/],
    outside: /^export const config = \{ transaction: false \};$/m,
  },
  {
    tool: "knex",
    about: "TypeScript, no number",
    files: (sql) => ({
      "migrations/init.ts": `import type { Knex } from "knex";\nexport async function up(knex: Knex): Promise<void> { await knex.raw(${knexLiteral(sql)}); }\nexport async function down(): Promise<void> {}\n`,
    }),
    names: [/^migrations\/init_1_watertight_indexes\.ts$/, /^migrations\/init_2_watertight\.ts$/],
    outside: /^export const config = \{ transaction: false \};$/m,
  },
  {
    tool: "node-pg-migrate",
    about: "CommonJS",
    files: (sql) => ({
      "migrations/1700000000000_a.js": `exports.up = (pgm) => { pgm.sql(${literal(sql)}); };\nexports.down = () => {};\n`,
    }),
    names: names(`migrations/${ms}`, "js"),
    outside: /pgm\.noTransaction\(\);/,
  },
  {
    tool: "node-pg-migrate",
    about: "TypeScript, dates",
    files: (sql) => ({
      "migrations/20240101000000000_a.ts": `import type { MigrationBuilder } from "node-pg-migrate";\nexport async function up(pgm: MigrationBuilder): Promise<void> { pgm.sql(${literal(sql)}); }\nexport async function down(): Promise<void> {}\n`,
    }),
    names: names(String.raw`migrations/${day}\d{3}`, "ts"),
    outside: /pgm\.noTransaction\(\);/,
  },
  {
    tool: "node-pg-migrate",
    about: "SQL files, which it always runs in a transaction",
    files: (sql) => ({ "migrations/1700000000000_a.sql": `-- Up Migration\n${sql}\n-- Down Migration\n` }),
    names: [
      new RegExp(`^migrations/${ms}_watertight_indexes\\.cjs$`),
      new RegExp(`^migrations/${ms}_watertight\\.sql$`),
    ],
    outside: /pgm\.noTransaction\(\);/,
  },
  {
    tool: "typeorm",
    about: "TypeScript, a migration outside of a transaction",
    files: (sql) => ({
      "src/migrations/1700000000001-Second.ts":
        "export class Second1700000000001 implements MigrationInterface {\n  transaction = false;\n  async up(queryRunner: QueryRunner): Promise<void> { await queryRunner.query('select 1'); }\n}\n",
      "src/migrations/1700000000000-First.ts": `import type { MigrationInterface, QueryRunner } from "typeorm";\nexport class First1700000000000 implements MigrationInterface {\n  async up(queryRunner: QueryRunner): Promise<void> { await queryRunner.query(${literal(sql)}); }\n  async down(): Promise<void> {}\n}\n`,
    }),
    names: [
      new RegExp(`^src/migrations/${ms}-WatertightIndexes\\.ts$`),
      new RegExp(`^src/migrations/${ms}-Watertight\\.ts$`),
    ],
    outside: /^ {2}transaction = false;$/m,
  },
  {
    tool: "typeorm",
    about: "CommonJS",
    files: (sql) => ({
      "migrations/1700000000000-First.js": `const { MigrationInterface } = require("typeorm");\nmodule.exports = class First1700000000000 {\n  async up(queryRunner) { await queryRunner.query(${literal(sql)}); }\n  async down() {}\n};\n`,
    }),
    names: [new RegExp(`^migrations/${ms}-WatertightIndexes\\.js$`), new RegExp(`^migrations/${ms}-Watertight\\.js$`)],
    outside: null,
  },
  {
    tool: "mikro-orm",
    about: "TypeScript",
    files: (sql) => ({
      "migrations/Migration20240101000000.ts": `import { Migration } from "@mikro-orm/migrations";\nexport class Migration20240101000000 extends Migration {\n  async up(): Promise<void> { this.addSql(${literal(sql)}); }\n}\n`,
    }),
    names: names(`migrations/Migration${day}`, "ts"),
    outside: null,
  },
  {
    tool: "mikro-orm",
    about: "CommonJS, a migration outside of a transaction",
    files: (sql) => ({
      "migrations/Migration20240101000000.js": `const { Migration } = require("@mikro-orm/migrations");\nexports.Migration20240101000000 = class Migration20240101000000 extends Migration {\n  isTransactional() { return false; }\n  async up() { this.addSql(${literal(sql)}); }\n};\n`,
    }),
    names: names(`migrations/Migration${day}`, "js"),
    outside: /isTransactional\(\) \{\n {4}return false;/,
  },
  {
    tool: "kysely",
    about: "ES module",
    files: (sql) => ({
      "migrations/001_a.mjs": `import { sql } from "kysely";\nexport const up = async (db) => { await sql.raw(${literal(sql)}).execute(db); };\n`,
    }),
    names: [/^$/, /^migrations\/002_watertight\.mjs$/],
    outside: null,
  },
  {
    tool: "sequelize",
    about: "CommonJS",
    files: (sql) => ({
      "migrations/20240101000000-a.js": `module.exports = { async up(queryInterface) { await queryInterface.sequelize.query(${literal(sql)}); }, async down() {} };\n`,
    }),
    names: [
      new RegExp(`^migrations/${day}-watertight_indexes\\.js$`),
      new RegExp(`^migrations/${day}-watertight\\.js$`),
    ],
    outside: /^ {2}await sequelize\.query\(/m,
  },
  {
    tool: "sqitch",
    about: "scripts and a plan",
    files: (sql) => ({
      "sqitch.conf": "[core]\n  engine = pg\n",
      "sqitch.plan":
        "%syntax-version=1.0.0\n%project=shop\n\nfirst 2024-01-01T00:00:00Z A <a@example.com> # first\n@v1 2024-01-02T00:00:00Z A <a@example.com> # tag\n",
      "deploy/first.sql": `BEGIN;\n${sql}\nCOMMIT;\n`,
    }),
    names: [/^deploy\/watertight_indexes\.sql$/, /^deploy\/watertight\.sql$/],
    outside: /^(?![^]*BEGIN;)/,
  },
  {
    tool: "graphile-migrate",
    about: "committed migrations",
    files: graphile,
    names: [/^migrations\/committed\/000002\.sql$/, /^migrations\/committed\/000004\.sql$/],
    outside: /^--! Previous: sha1:\w+\n--! Hash: sha1:\w+\n\n--! no-transaction\n/,
  },
];
