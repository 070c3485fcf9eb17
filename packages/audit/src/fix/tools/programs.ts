/**
 * Tools whose migrations are programs: Knex, node-pg-migrate (also beside SQL files), TypeORM, MikroORM, Kysely, Sequelize. What is written follows
 * the last program of the set; what a replay runs is read back from the text by the finder's own reader.
 */
import { posix } from "node:path";
import { readUp } from "../../find/code/read-up.ts";
import type { Migration, MigrationSet } from "../../find/migration.ts";
import { milliseconds, programNumbering, stamped } from "../numbering.ts";
import { type Body, joinedStatements, type ToolForm, type Written } from "./form.ts";
import { programText, type ProgramBody } from "./program-text.ts";

/** Whether the tool's migrations are programs. */
export const isProgramTool = ({ tool }: MigrationSet): boolean => programText[tool] !== undefined;

/**
 * Kysely knows nothing else. By default TypeORM refuses, and MikroORM on a fresh database fails, what is to run outside: only a project that has such a
 * migration already has switched that off.
 */
const transactionsOnly = ({ tool, migrations }: MigrationSet): boolean =>
  tool === "kysely" ||
  ((tool === "typeorm" || tool === "mikro-orm") && migrations.every(({ transaction }) => transaction));

/** The form of a set of programs. */
export function programForm(set: MigrationSet, now: Date): ToolForm {
  const last = set.migrations.at(-1)!;
  const model = set.migrations.findLast(({ language }) => language !== undefined);
  const asSql = last.file.endsWith(".sql");
  return {
    outside: transactionsOnly(set) ? "never" : "together",
    write: (bodies) =>
      bodies.map((body, at) =>
        // node-pg-migrate runs a SQL file at once, always in a transaction
        asSql && body.transaction
          ? pgSqlFile(set, body, at, now)
          : program(set, asSql ? undefined : (model ?? last), body, at, now),
      ),
  };
}

const begin = (set: MigrationSet, at: number, now: Date): string =>
  set.tool === "typeorm" ? milliseconds(set, now)(at) : programNumbering(set, now)(at);

function pgSqlFile(set: MigrationSet, body: Body, at: number, now: Date): Written {
  const folder = posix.dirname(set.migrations.at(-1)!.file);
  return {
    file: posix.join(folder, `${begin(set, at, now)}_${body.words}.sql`),
    text: `-- Up Migration\n${joinedStatements(body)}\n-- Down Migration\n`,
  };
}

/** @param model the program whose language is followed; without one CommonJS, which every project can run */
function program(set: MigrationSet, model: Migration | undefined, body: Body, at: number, now: Date): Written {
  const { file: last } = set.migrations.at(-1)!;
  const extension = model === undefined ? ".cjs" : posix.extname(model.file);
  const number = begin(set, at, now);
  const mark = set.tool === "typeorm" ? "-" : (/^\d+([-_.])(?!\d)/.exec(posix.basename(last))?.[1] ?? "_");
  const pascal = body.words.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
  const mikro = set.tool === "mikro-orm" && /^Migration\d/.test(posix.basename(last));
  const name = mikro
    ? `Migration${stamped(set, now)(at)}_${body.words}`
    : `${number}${mark}${set.tool === "typeorm" ? pascal : body.words}`;
  const own: ProgramBody = {
    ...body,
    language: model?.language ?? "cjs",
    className: set.tool === "typeorm" ? `${pascal}${number}` : mikro ? name : `Migration${stamped(set, now)(at)}`,
  };
  const text = programText[set.tool]!(own);
  return {
    file: posix.join(posix.dirname(last), `${name}${extension}`),
    text,
    fragments: (readUp(text) ?? []).flatMap((step) => (step.kind === "sql" ? [step.fragment] : [])),
  };
}
