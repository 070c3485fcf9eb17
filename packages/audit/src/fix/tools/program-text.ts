/**
 * A migration as a program, in the form of each tool and in the language of the project: TypeScript, or JavaScript as ES or CommonJS module. `up`
 * runs one statement a call, because several at once are a transaction to the server. `down` undoes nothing.
 */
import type { MigrationTool, ProgramLanguage } from "../../find/migration.ts";
import type { Body } from "./form.ts";
import { templateLiteral } from "./literal.ts";

/** What a program is made of. */
export interface ProgramBody extends Body {
  readonly language: ProgramLanguage;
  /** The name of its class, where the tool wants one. */
  readonly className: string;
}

const unDone = "Nothing is undone: what this has closed stays closed.";

const lines = (...parts: readonly (string | readonly string[])[]): string => `${parts.flat().join("\n")}\n`;

const calls = ({ statements }: Body, call: (literal: string, sql: string) => string | readonly string[]): string[] =>
  statements.flatMap((sql) => call(templateLiteral(sql), sql));

/** A module with the functions up and down. */
function functions(
  { language }: ProgramBody,
  {
    imports = [],
    name,
    type,
    body,
    config,
  }: {
    readonly imports?: readonly string[];
    readonly name: string;
    readonly type: string;
    readonly body: readonly string[];
    readonly config?: string;
  },
): string {
  const typed = language === "ts";
  const head = imports.length === 0 ? [] : [...imports, ""];
  const begin = (direction: string, argument: string): string => {
    const given = argument === "" ? "" : typed ? `${argument}: ${type}` : argument;
    return language === "cjs"
      ? `exports.${direction} = async function ${direction}(${given}) {`
      : `export async function ${direction}(${given})${typed ? ": Promise<void>" : ""} {`;
  };
  const end = language === "cjs" ? "};" : "}";
  return lines(
    head,
    begin("up", name),
    body,
    end,
    "",
    `// ${unDone}`,
    `${begin("down", "")}${end}`,
    config === undefined ? [] : ["", language === "cjs" ? `exports.${config};` : `export const ${config};`],
  );
}

/** Knex takes ? for a value also where none is given, and \? for the character; a backslash before a ? can't be said. */
function knexCall(literal: string, sql: string): readonly string[] {
  if (!sql.includes("\\?")) return [`  await knex.raw(${templateLiteral(sql.replaceAll("?", "\\?"))});`];
  return [
    "  {",
    "    // past knex.raw, which takes away a backslash before a question mark",
    "    const connection = await knex.client.acquireConnection();",
    "    try {",
    `      await connection.query(${literal});`,
    "    } finally {",
    "      await knex.client.releaseConnection(connection);",
    "    }",
    "  }",
  ];
}

const knex = (body: ProgramBody): string =>
  functions(body, {
    imports: body.language === "ts" ? ['import type { Knex } from "knex";'] : [],
    name: "knex",
    type: "Knex",
    body: calls(body, knexCall),
    ...(body.transaction ? {} : { config: "config = { transaction: false }" }),
  });

const nodePgMigrate = (body: ProgramBody): string =>
  functions(body, {
    imports: body.language === "ts" ? ['import type { MigrationBuilder } from "node-pg-migrate";'] : [],
    name: "pgm",
    type: "MigrationBuilder",
    body: [
      ...(body.transaction ? [] : ["  pgm.noTransaction();"]),
      ...calls(body, (literal) => `  pgm.sql(${literal});`),
    ],
  });

const imported = (language: ProgramLanguage, names: string, from: string): string =>
  language === "cjs" ? `const { ${names} } = require("${from}");` : `import { ${names} } from "${from}";`;

const kysely = (body: ProgramBody): string =>
  functions(body, {
    imports: [imported(body.language, body.language === "ts" ? "type Kysely, sql" : "sql", "kysely")],
    name: "db",
    type: "Kysely<unknown>",
    body: calls(body, (literal) => `  await sql.raw(${literal}).execute(db);`),
  });

/** sequelize-cli gives the query interface itself, Umzug an object that holds it. */
function sequelize(body: ProgramBody): string {
  const { language, transaction } = body;
  const call = transaction ? "    await sequelize.query" : "  await sequelize.query";
  const own = calls(body, (literal) => `${call}(${literal}${transaction ? ", { transaction }" : ""});`);
  return functions(body, {
    imports: language === "ts" ? ['import type { QueryInterface } from "sequelize";'] : [],
    name: "given",
    type: "QueryInterface | { context: QueryInterface }",
    body: [
      '  const { sequelize } = "context" in given ? given.context : given;',
      ...(transaction ? ["  await sequelize.transaction(async (transaction) => {", ...own, "  });"] : own),
    ],
  });
}

/** A class with the methods up and down. */
function classOf(
  { language, className }: ProgramBody,
  {
    imports,
    extended,
    up,
    members,
  }: {
    readonly imports: readonly string[];
    readonly extended: string;
    /** The head of the method up, and what it does. */
    readonly up: readonly string[];
    readonly members: readonly string[];
  },
): string {
  const result = language === "ts" ? ": Promise<void>" : "";
  return lines(
    imports.length === 0 ? [] : [...imports, ""],
    `${language === "cjs" ? `exports.${className} = ` : "export "}class ${className}${extended} {`,
    members.length === 0 ? [] : [...members, ""],
    up,
    "  }",
    "",
    `  // ${unDone}`,
    `  async down()${result} {}`,
    language === "cjs" ? "};" : "}",
  );
}

function typeorm(body: ProgramBody): string {
  const typed = body.language === "ts";
  return classOf(body, {
    imports: typed ? ['import type { MigrationInterface, QueryRunner } from "typeorm";'] : [],
    extended: typed ? " implements MigrationInterface" : "",
    members: [`  name = "${body.className}";`, ...(body.transaction ? [] : ["  transaction = false;"])],
    up: [
      typed ? "  async up(queryRunner: QueryRunner): Promise<void> {" : "  async up(queryRunner) {",
      ...calls(body, (literal) => `    await queryRunner.query(${literal});`),
    ],
  });
}

function mikroOrm(body: ProgramBody): string {
  const typed = body.language === "ts";
  return classOf(body, {
    imports: [imported(body.language, "Migration", "@mikro-orm/migrations")],
    extended: " extends Migration",
    members: body.transaction ? [] : [`  isTransactional()${typed ? ": boolean" : ""} {`, "    return false;", "  }"],
    up: [
      typed ? "  async up(): Promise<void> {" : "  async up() {",
      ...calls(body, (literal) => `    this.addSql(${literal});`),
    ],
  });
}

/** The text of a program, by tool. */
export const programText: Readonly<Partial<Record<MigrationTool, (body: ProgramBody) => string>>> = {
  knex,
  kysely,
  "mikro-orm": mikroOrm,
  "node-pg-migrate": nodePgMigrate,
  sequelize,
  typeorm,
};
