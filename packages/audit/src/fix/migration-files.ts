/**
 * New migrations in the project's own tool, language and numbering. Must never change an old file; where a tool runs nothing that its list does not
 * name (Drizzle's journal, sqitch.plan), the list gets new entries at its end.
 */
import { posix } from "node:path";
import type { Migration, MigrationSet } from "../find/migration.ts";
import type { FixPlan, FixStatement } from "./fix-plan.ts";
import { protectMark } from "./mark.ts";
import { type Body, joinedStatements, type Listing } from "./tools/form.ts";
import { formOf } from "./tools/form-of.ts";

/** A file to write. */
export interface NewFile {
  /** Relative to the project. */
  readonly file: string;
  readonly text: string;
  /** The statements alone, for whoever puts them elsewhere. */
  readonly sql: string;
  /** The migration that it is, for replaying it before it is written. */
  readonly migration: Migration;
  /** Files that belong to it and are no migrations: Sqitch's scripts to revert and to verify. */
  readonly beside: readonly { readonly file: string; readonly text: string }[];
}

/** The list of migrations that must name the new ones; undefined where the folder is the list. */
export function listingOf(set: MigrationSet, files: readonly NewFile[], now: Date): Listing | undefined {
  return formOf(set, now).listing?.(files.map(({ file }) => file));
}

/** The plan as the tool can run it: one that knows only transactions makes its indexes, and fills its rows, in one. */
export function fitted(set: MigrationSet, plan: FixPlan, now: Date): FixPlan {
  if (formOf(set, now).outside !== "never") return plan;
  const fit = (statement: FixStatement): FixStatement =>
    statement.lock === "concurrent"
      ? { ...statement, lock: "blocking", sql: statement.sql.replace(/ index concurrently /i, " index ") }
      : statement.lock === "batches"
        ? { ...statement, lock: "blocking", sql: statement.sql.replace(/\n *commit;/, "") }
        : statement;
  return { ...plan, statements: plan.statements.map(fit) };
}

const order = ["watertight_roles", "watertight_expand", "watertight_indexes", "watertight_backfill", "watertight"];
const outside = new Set(["watertight_indexes", "watertight_backfill"]);

function fileOf({ lock, stage }: FixStatement): string {
  if (stage === "expand" || stage === "roles") return `watertight_${stage}`;
  return lock === "concurrent" ? "watertight_indexes" : lock === "batches" ? "watertight_backfill" : "watertight";
}

/** The files of a plan: what makes room for a tenant column, indexes that are made concurrently, batches of rows, and the rest. */
export function migrationFiles(set: MigrationSet, plan: FixPlan, now: Date): NewFile[] {
  const form = formOf(set, now);
  const groups = order
    .map((words) => ({ words, own: plan.statements.filter((statement) => fileOf(statement) === words) }))
    .filter(({ own }) => own.length > 0)
    .flatMap(({ words, own }) =>
      outside.has(words) && form.outside === "alone" ? own.map((each) => ({ words, own: [each] })) : [{ words, own }],
    );
  const bodies = groups.map(({ words, own }, at): Body => {
    const before = groups.slice(0, at).filter((each) => each.words === words).length;
    const last = at === groups.length - 1;
    const transaction = !outside.has(words);
    return {
      words: before === 0 ? words : `${words}_${before + 1}`,
      statements: statementTexts(words, own, last ? plan.application : []),
      transaction,
    };
  });
  const inTransactions = set.migrations.some(({ transaction }) => transaction);
  return form.write(bodies).map(({ file, text, fragments, beside = [] }, at): NewFile => {
    const body = bodies[at]!;
    const sql = joinedStatements(body);
    return {
      file,
      text,
      sql,
      beside,
      migration: {
        name:
          posix.basename(file) === "migration.sql"
            ? posix.basename(posix.dirname(file))
            : posix.basename(file).replace(/\.\w+$/, ""),
        tool: set.tool,
        file,
        fragments: fragments ?? [{ sql, line: 1, offset: 0 }],
        transaction: body.transaction && inTransactions,
      },
    };
  });
}

const heads: Readonly<Record<string, string>> = {
  watertight_roles:
    "A role for the application that owns nothing. Whoever runs this needs CREATEROLE; give the role a password outside of migrations, and let the application log in as it.",
  watertight_expand:
    "A column that may be empty, and a trigger that fills it. Deploy code that writes the column when this has run; the next files may wait for it.",
  watertight_indexes: "Runs outside of a transaction: CREATE INDEX CONCURRENTLY.",
  watertight_backfill:
    "Runs outside of a transaction: each batch commits. It may be stopped and run again. Run it as a role that sees all rows (BYPASSRLS): the next file refuses what it left empty.",
  watertight: "Locks are short, or none (VALIDATE CONSTRAINT); on a busy database set lock_timeout and try again.",
};

const blocking =
  "What makes indexes or fills rows blocks writes to the table, because your tool runs it in a transaction. On a large table make the indexes by hand before, with CREATE INDEX CONCURRENTLY and these names: this file then finds them there.";

/** Each statement with its findings in front, the first one with the head of the file. */
function statementTexts(words: string, statements: readonly FixStatement[], application: readonly string[]): string[] {
  const head = [
    `${protectMark} ${heads[words]}`,
    ...(statements.some(({ lock }) => lock === "blocking") ? wrapped(blocking).map(comment) : []),
    ...(application.length === 0 ? [] : ["-- What your application must do when all files have run:"]),
    ...application.flatMap((each) => wrapped(each).map((line, at) => comment(`${at === 0 ? "* " : "  "}${line}`))),
  ];
  return statements.map(({ sql, findings }, at) =>
    [...(at === 0 ? head : []), comment([...new Set(findings)].join(", ")), `${sql};`].join("\n"),
  );
}

// names of the schema stand in it: a line end in one must not begin a statement
const comment = (text: string): string => `-- ${text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")}`;

function wrapped(text: string): string[] {
  return text.match(/\S.{0,115}(?=\s|$)|\S+/g) ?? [];
}
