import { describe, expect, test } from "vitest";
import { readUp } from "../../../src/find/code/read-up.ts";

/** Line and text of each step. */
const brief = (source: string): string[] | undefined =>
  readUp(source)?.map((step) =>
    step.kind === "sql"
      ? `${step.fragment.line}:${step.fragment.column} ${step.fragment.sql}`
      : step.kind === "file"
        ? `${step.line} file ${step.path}`
        : `${step.line} unread ${step.reason}`,
  );

describe("SQL of up", () => {
  const cases: [name: string, source: string, expected: string[] | undefined][] = [
    [
      "TypeORM",
      'import { MigrationInterface, QueryRunner } from "typeorm";\nexport class Init1700000000001 implements MigrationInterface {\n  name = "Init1700000000001";\n\n  public async up(queryRunner: QueryRunner): Promise<void> {\n    await queryRunner.query(`CREATE TABLE "a" ("id" uuid)`);\n    await queryRunner.query("create index i on a (\\"id\\")", []);\n  }\n\n  public async down(queryRunner: QueryRunner): Promise<void> {\n    await queryRunner.query(`DROP TABLE "a"`);\n  }\n}\n',
      ['6:30 CREATE TABLE "a" ("id" uuid)', '7:30 create index i on a ("id")'],
    ],
    [
      "Knex, an arrow with a block",
      "exports.up = async (knex) => {\n  await knex.raw('create table a ()');\n  await knex.schema.raw(`create table b ()`);\n};\nexports.down = (knex) => knex.raw('drop table a');",
      ["2:19 create table a ()", "3:26 create table b ()"],
    ],
    [
      "Knex, an arrow without one",
      "exports.up = knex => knex.schema.raw('select 1').then(() => knex.raw('select 2'))\n\nexports.down = knex => knex.raw('select 3')",
      ["1:39 select 1", "1:71 select 2"],
    ],
    [
      "Knex, a function",
      "exports.up = function (knex) {\n  return knex.schema.raw('select 1');\n};",
      ["2:27 select 1"],
    ],
    [
      "Knex with bindings",
      "export async function up(knex: Knex): Promise<void> {\n  await knex.raw('alter table ?? add check (a = ? and b \\\\? c)', ['s.t', \"it's\"]);\n}",
      [`2:19 alter table "s"."t" add check (a = 'it''s' and b ? c)`],
    ],
    [
      "Knex, where all backslashes before a question mark go, and Kysely, where they stay",
      "exports.up = async (knex) => {\n  await knex.raw('a \\\\? \\\\\\\\\\\\? \\\\\\\\?');\n  await sql.raw('b \\\\?').execute(knex);\n};",
      ["2:19 a ? ? \\\\?", "3:18 b \\?"],
    ],
    [
      "Knex with named bindings",
      "exports.up = (knex) => knex.raw('alter table :t: add check (a = :v)', { t: 'x', v: 'y' });",
      [`1:34 alter table "x" add check (a = 'y')`],
    ],
    [
      "node-pg-migrate",
      "exports.up = (pgm) => {\n  pgm.sql(`\n    create table a ();\n  `);\n  pgm.createTable('b', { id: 'id' });\n};",
      ["2:12 \n    create table a ();\n  ", "5 unread createTable(…) is built by the tool's own code: 'b'"],
    ],
    [
      "Kysely",
      "import { Kysely, sql } from 'kysely'\n\nexport async function up(db: Kysely<any>): Promise<void> {\n  await sql`create policy p on ${sql.table('s.t')} using (${sql.raw('true')})`.execute(db)\n  await db.schema.createTable('person').addColumn('id', 'serial', (col) => col.primaryKey()).execute()\n}",
      [
        '4:13 create policy p on "s"."t" using (true)',
        "5 unread createTable(…) is built by the tool's own code: 'person'",
      ],
    ],
    [
      "MikroORM",
      "export class Migration1 extends Migration {\n  async up(): Promise<void> {\n    this.addSql('create table a ();');\n  }\n}",
      ["3:18 create table a ();"],
    ],
    [
      "Sequelize",
      "module.exports = {\n  up: async (queryInterface, Sequelize) => {\n    await queryInterface.sequelize.query('select 1', { transaction });\n    await queryInterface.addColumn('a', 'b', { type: Sequelize.UUID });\n  },\n  async down() {},\n};",
      ["3:43 select 1", "4 unread addColumn(…) is built by the tool's own code: 'a'"],
    ],
    [
      "a typed constant",
      "export const up: Migration['up'] = async ({ context: sequelize }) => {\n  await sequelize.query('select 1');\n};",
      ["2:26 select 1"],
    ],
    [
      "sums of strings",
      "exports.up = (pgm) => pgm.sql('create table a (' +\n  // why\n  'b int' + `)`);",
      ["1:32 create table a (b int)"],
    ],
    [
      "lists that are joined",
      "exports.up = (k) => k.raw(['select 1', 'select 2'].join(';\\n'));",
      ["1:29 select 1;\nselect 2"],
    ],
    [
      "constants of the file",
      "const T = 'a', X = 1;\nconst SQL = `\nselect ${T}`;\nexports.up = (k) => k.raw(SQL);",
      ["2:14 \nselect ${T}"],
    ],
    [
      "constants in objects",
      "const names = { table: 'a', list: ['b', 'c'] } as const;\nexports.up = (k) => k.raw(`select ${names.table}, ${names.list[1]}, ${names.list.join()}`);",
      ["2:28 select a, c, b,c"],
    ],
    [
      "defaults of the environment",
      "const s = process.env.SCHEMA ?? 'app';\nexports.up = (k) => k.raw(`create schema ${s}`);",
      ["2:28 create schema app"],
    ],
    [
      "a loop over a list",
      "const TABLES = ['a', 'b'];\nexports.up = async (k) => {\n  for (const t of TABLES) {\n    await k.raw(`alter table ${t} enable row level security`);\n    await k.raw(`alter table ${t} force row level security`);\n  }\n};",
      [
        "4:18 alter table a enable row level security",
        "5:18 alter table a force row level security",
        "4:18 alter table b enable row level security",
        "5:18 alter table b force row level security",
      ],
    ],
    [
      "a loop over pairs and objects",
      "exports.up = async (k) => {\n  for (const [t, c] of [['a', 'x'], ['b', 'y']]) await k.raw(`select ${c} from ${t}`);\n  for (const { t } of [{ t: 'c' }]) { await k.raw(`select ${t}`); }\n};",
      ["2:63 select x from a", "2:63 select y from b", "3:52 select c"],
    ],
    [
      "forEach and map",
      "exports.up = (pgm) => {\n  ['a', 'b'].forEach((t) => {\n    pgm.sql(`select ${t}`);\n  });\n  const names = ['c'];\n  names.map(n => pgm.sql(`select ${n}`));\n};",
      ["3:14 select a", "3:14 select b", "6:27 select c"],
    ],
    [
      "a map within a template",
      "const T = ['a', 'b'];\nexports.up = (k) => k.raw(`${T.map((t) => `drop table ${t};`).join(' ')}`);",
      ["2:44 drop table a; drop table b;"],
    ],
    [
      "a helper of the file",
      "const enable = (k, t) => k.raw(`alter table ${t} enable row level security`);\nasync function both(k, t) {\n  await enable(k, t);\n  await k.raw(`alter table ${t} force row level security`);\n}\nexports.up = async (k) => { await both(k, 'a'); };",
      ["1:33 alter table a enable row level security", "4:16 alter table a force row level security"],
    ],
    [
      "a method of the class",
      "class A implements MigrationInterface {\n  private async lock(q: QueryRunner, t: string): Promise<void> { await q.query(`lock ${t}`); }\n  async up(q: QueryRunner) { await this.lock(q, 'a'); }\n}",
      ["2:81 lock a"],
    ],
    [
      "a file that is read",
      "exports.up = (k) => k.raw(fs.readFileSync(path.join(__dirname, 'sql', 'a.sql'), 'utf8').toString());",
      ["1 file ./sql/a.sql"],
    ],
    [
      "a value that only the program knows",
      "exports.up = (k) => k.raw(`create role ${process.env.ROLE}`);",
      ["1:28 create role ${process.env.ROLE}"],
    ],
    [
      "SQL that the program makes",
      "exports.up = async (k) => { await k.raw(build(1)); await k.raw(x ? 'a' : 'b'); };",
      ["1 unread SQL that the program makes: build(1)", "1 unread SQL that the program makes: x ? 'a' : 'b'"],
    ],
    [
      "a loop over what only the program knows",
      "exports.up = async (k) => {\n  for (const t of await k.select('x')) await k.raw(`select ${t}`);\n  for (let i = 0; i < 3; i++) { await k.raw(`select ${i}`); }\n};",
      [
        "2 unread in a loop over values that only the program knows",
        "3 unread in a loop over values that only the program knows",
      ],
    ],
    [
      "a condition",
      "exports.up = async (k) => {\n  if (await has()) {\n    await k.raw('select 1');\n  } else {\n    await k.raw('select 2');\n  }\n};",
      ["3:18 select 1", "4 unread in the else branch of a condition that only the program knows"],
    ],
    ["escapes", String.raw`exports.up = (k) => k.raw('a\tb\x41B\u{43}\\d');`, ["1:28 a\tbABC\\d"]],
    ["a raw template", "exports.up = (k) => k.raw(String.raw`select '\\d'`);", ["1:38 select '\\d'"]],
    [
      "regular expressions and divisions are no quotes",
      "const r = /['`]/g, d = 1 / 2 / 3;\nexports.up = (k) => k.raw('select 1');",
      ["2:28 select 1"],
    ],
    [
      "names that change",
      "exports.up = async (k) => {\n  let t, sql = '';\n  t = 'a';\n  await k.raw(`drop table ${t}`);\n  t = 'b';\n  await k.raw(`drop table ${t}`);\n  for (const x of ['c', 'd']) {\n    sql += `drop table ${x};`;\n  }\n  await k.raw(sql);\n  t = await k.pick();\n  await k.raw(`drop table ${t}`);\n};",
      ["4:16 drop table a", "6:16 drop table b", "8:13 drop table c;drop table d;", "12:16 drop table ${t}"],
    ],
    [
      "a name that hides a constant",
      "const t = 'a';\nexports.up = async (k) => {\n  const t = pick();\n  await k.raw(`drop table ${t}`);\n};",
      ["4:16 drop table ${t}"],
    ],
    ["only down", "exports.down = (k) => k.raw('x');", undefined],
    ["nothing", "exports.up = async () => {};", []],
  ];
  test.each(cases)("%s", (_, source, expected) => {
    expect(brief(source)).toEqual(expected);
  });

  test("knows the line of each line, escapes and continuations included", () => {
    const [step] = readUp("exports.up = (k) => k.raw('select 1;\\nselect 2;\\\n select 3' +\n `;\nselect 4`);") ?? [];
    expect(step).toMatchObject({
      kind: "sql",
      fragment: { sql: "select 1;\nselect 2; select 3;\nselect 4", line: 1, lines: [1, 1, 4] },
    });
  });

  test("takes any text without an accident", () => {
    for (const text of [
      "exports.up = (",
      "exports.up = () => { k.raw(`${`",
      "up(){ for (",
      "function up() { '",
      "exports.up=()=>{((((}",
    ])
      expect(() => readUp(text)).not.toThrow();
  });

  test("gives up on what repeats or nests without end", () => {
    const list = `[${"'a',".repeat(200)}]`;
    const loops = `for (const a of x) for (const b of x) for (const c of x) k.raw(a + b + c);`;
    expect(() => readUp(`const x = ${list};\nexports.up = (k) => { ${loops} };`)).toThrow(RangeError);
    expect(() => readUp(`exports.up = (k) => k.raw(${"(".repeat(50_000)}'a'${")".repeat(50_000)});`)).toThrow(
      RangeError,
    );
    expect(readUp("exports.up = (k) => { up(k); up(k); k.raw('select 1'); };")?.length).toBeGreaterThan(0);
  });
});
