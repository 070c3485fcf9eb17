/**
 * New migration files in the project's own tool and numbering. Must never change an old file; Drizzle's journal gets new
 * entries at its end, because Drizzle runs nothing that it does not name.
 */
import { posix } from "node:path";
import type { Migration, MigrationSet } from "../find/migration.ts";
import type { FixPlan, FixStatement } from "./fix-plan.ts";
import { protectMark } from "./mark.ts";

/** A file to write. */
export interface NewFile {
  /** Relative to the project. */
  readonly file: string;
  readonly text: string;
  /** The migration that it is, for replaying it before it is written. */
  readonly migration: Migration;
}

interface Naming {
  /** The n-th new migration, counted from 0. */
  file(at: number, words: string): string;
  /** Around the SQL. */
  wrap(sql: string, transaction: boolean): string;
}

const written = new Set<MigrationSet["tool"]>([
  "sql",
  "supabase",
  "prisma",
  "drizzle",
  "dbmate",
  "golang-migrate",
  "do-undo",
  "flyway",
  "node-pg-migrate",
]);

/** Whether a plain SQL file is a migration of this tool; otherwise the person puts the SQL where it belongs. */
export function canWrite({ tool, migrations }: MigrationSet): boolean {
  return written.has(tool) && migrations.at(-1)?.file.endsWith(".sql") === true;
}

/** Drizzle's journal with entries for the new files. */
export function journalWith(journal: string, files: readonly NewFile[], now: Date): string {
  const value = JSON.parse(journal) as {
    version?: string;
    entries: { idx: number; version?: string; when: number; breakpoints?: boolean }[];
  };
  const last = value.entries.at(-1);
  const entries = files.map(({ file }, at) => ({
    idx: (last?.idx ?? -1) + 1 + at,
    version: last?.version ?? value.version,
    // Drizzle runs what is newer than the last entry that it ran.
    when: Math.max(now.getTime(), (last?.when ?? 0) + 1) + at,
    tag: posix.basename(file, ".sql"),
    breakpoints: last?.breakpoints ?? true,
  }));
  return `${JSON.stringify({ ...value, entries: [...value.entries, ...entries] }, null, 2)}\n`;
}

/** The files of a plan: what makes room for a tenant column, indexes that are made concurrently, batches of rows, and the rest. */
export function migrationFiles(set: MigrationSet, plan: FixPlan, now: Date): NewFile[] {
  const fileOf = ({ lock, stage }: FixStatement): string =>
    stage === "expand" || stage === "roles"
      ? `watertight_${stage}`
      : lock === "concurrent"
        ? "watertight_indexes"
        : lock === "batches"
          ? "watertight_backfill"
          : "watertight";
  const groups = ["watertight_roles", "watertight_expand", "watertight_indexes", "watertight_backfill", "watertight"]
    .map((words) => ({
      words,
      own: plan.statements.filter((statement) => fileOf(statement) === words),
      transaction: !["watertight_indexes", "watertight_backfill"].includes(words),
    }))
    .filter(({ own }) => own.length > 0);
  const naming = namingOf(set, now);
  return groups.map(({ words, own, transaction }, at) => {
    const file = posix.normalize(naming.file(at, words));
    const last = at === groups.length - 1;
    const sql = sqlText(words, own, last ? plan.application : []);
    return {
      file,
      text: naming.wrap(sql, transaction),
      migration: {
        name:
          posix.basename(file).replace(/\.sql$/, "") === "migration"
            ? posix.basename(posix.dirname(file))
            : posix.basename(file, ".sql"),
        tool: set.tool,
        file,
        fragments: [{ sql, line: 1, offset: 0 }],
        transaction: transaction && set.migrations.at(-1)?.transaction === true,
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

function sqlText(words: string, statements: readonly FixStatement[], application: readonly string[]): string {
  const head = [
    `${protectMark} ${heads[words]}`,
    ...(application.length === 0 ? [] : ["-- What your application must do when all files have run:"]),
    ...application.flatMap((each) => wrapped(each).map((line, at) => comment(`${at === 0 ? "* " : "  "}${line}`))),
  ];
  const lines = statements.map(({ sql, findings }) => `${comment([...new Set(findings)].join(", "))}\n${sql};`);
  return `${[...head, ...lines].join("\n")}\n`;
}

// names of the schema stand in it: a line end in one must not begin a statement
const comment = (text: string): string => `-- ${text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")}`;

function wrapped(text: string): string[] {
  return text.match(/\S.{0,115}(?=\s|$)|\S+/g) ?? [];
}

/** YYYYMMDDHHMMSS in UTC, one second later for each file. */
function stamp(now: Date, at: number): string {
  return new Date(now.getTime() + at * 1000).toISOString().replaceAll(/[-:T]/g, "").slice(0, 14);
}

function namingOf(set: MigrationSet, now: Date): Naming {
  const last = set.migrations.at(-1)!;
  const plain = (sql: string): string => sql;
  const folder = posix.dirname(last.file);
  // A timestamp that the last migration already has or exceeds would run too early.
  const lastStamp = /(\d{14})/.exec(posix.basename(last.file) === "migration.sql" ? folder : last.file)?.[1];
  const stamped = (at: number): string => {
    const own = stamp(now, at);
    return lastStamp === undefined || own > lastStamp ? own : String(BigInt(lastStamp) + BigInt(at + 1));
  };
  const counted = (at: number): string => {
    const numbers = set.migrations.flatMap(({ file }) => /^(?:.*\/)?[VUvu]?(\d+)/.exec(file)?.[1] ?? []);
    const width = Math.max(1, ...numbers.map((each) => each.length));
    const highest = numbers.reduce((most, each) => (BigInt(each) > most ? BigInt(each) : most), 0n);
    return (highest + BigInt(at + 1)).toString().padStart(width, "0");
  };
  const next = lastStamp === undefined ? counted : stamped;
  switch (set.tool) {
    case "prisma":
      return { file: (at, words) => `${posix.dirname(folder)}/${stamped(at)}_${words}/migration.sql`, wrap: plain };
    case "dbmate":
      return {
        file: (at, words) => `${folder}/${next(at)}_${words}.sql`,
        wrap: (sql, transaction) =>
          `-- migrate:up${transaction ? "" : " transaction:false"}\n${sql}\n-- migrate:down\n`,
      };
    case "golang-migrate":
      return { file: (at, words) => `${folder}/${next(at)}_${words}.up.sql`, wrap: plain };
    case "do-undo":
      return { file: (at, words) => `${folder}/${next(at)}.do.${words}.sql`, wrap: plain };
    case "flyway":
      return { file: (at, words) => `${folder}/V${flywayVersion(set, at)}__${words}.sql`, wrap: plain };
    case "node-pg-migrate":
      return {
        file: (at, words) => `${folder}/${now.getTime() + at}_${words}.sql`,
        wrap: (sql) => `-- Up Migration\n${sql}\n-- Down Migration\n`,
      };
    case "drizzle":
      return {
        file: (at, words) => `${folder}/${counted(at).padStart(4, "0")}_${words}.sql`,
        wrap: (sql) => sql.replaceAll(/;\n(?=-- )/g, ";\n--> statement-breakpoint\n"),
      };
    default:
      return { file: (at, words) => `${folder}/${next(at)}_${words}.sql`, wrap: plain };
  }
}

function flywayVersion({ migrations }: MigrationSet, at: number): string {
  const majors = migrations.flatMap(({ file }) => {
    const found = /^V(\d+)/.exec(posix.basename(file))?.[1];
    return found === undefined ? [] : [BigInt(found)];
  });
  return (majors.reduce((most, each) => (each > most ? each : most), 0n) + BigInt(at + 1)).toString();
}
