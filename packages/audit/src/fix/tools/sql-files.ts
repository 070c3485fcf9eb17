/**
 * Tools that run a folder of SQL files: plain folders, Supabase, Prisma, dbmate, golang-migrate, do and undo, Flyway.
 */
import { posix } from "node:path";
import type { MigrationSet } from "../../find/migration.ts";
import { numbering, stamped } from "../numbering.ts";
import { type Body, joinedStatements, type ToolForm } from "./form.ts";

interface Naming {
  readonly outside: ToolForm["outside"];
  /** The name behind the folder. */
  file(at: number, words: string): string;
  text?(body: Body): string;
}

/** The form of a set of SQL files. */
export function sqlForm(set: MigrationSet, now: Date): ToolForm {
  const { file, outside, text = joinedStatements } = namingOf(set, now);
  const folder = posix.dirname(set.migrations.at(-1)?.file ?? "x");
  return {
    outside,
    write: (bodies) => bodies.map((body, at) => ({ file: posix.join(folder, file(at, body.words)), text: text(body) })),
  };
}

function namingOf(set: MigrationSet, now: Date): Naming {
  const next = numbering(set, now);
  switch (set.tool) {
    case "prisma":
      return { outside: "alone", file: (at, words) => `../${stamped(set, now)(at)}_${words}/migration.sql` };
    case "dbmate":
      return {
        outside: "alone",
        file: (at, words) => `${next(at)}_${words}.sql`,
        text: (body) =>
          `-- migrate:up${body.transaction ? "" : " transaction:false"}\n${joinedStatements(body)}\n-- migrate:down\n`,
      };
    case "golang-migrate":
      return { outside: "alone", file: (at, words) => `${next(at)}_${words}.up.sql` };
    case "do-undo":
      return { outside: "alone", file: (at, words) => `${next(at)}.do.${words}.sql` };
    case "flyway":
      return { outside: "together", file: (at, words) => `V${flywayVersion(set, at)}__${words}.sql` };
    case "supabase":
      return { outside: "alone", file: (at, words) => `${next(at)}_${words}.sql` };
    default:
      return { outside: "together", file: (at, words) => `${next(at)}_${words}.sql` };
  }
}

function flywayVersion({ migrations }: MigrationSet, at: number): string {
  const majors = migrations.flatMap(({ file }) => {
    const found = /^V(\d+)/.exec(posix.basename(file))?.[1];
    return found === undefined ? [] : [BigInt(found)];
  });
  return (majors.reduce((most, each) => (each > most ? each : most), 0n) + BigInt(at + 1)).toString();
}
