/**
 * Finds the migrations of a project, whichever tool runs them: every set, the best guess first, each with the evidence for it. Must never
 * write, and never leave out a file of a set without saying why.
 */
import { posix } from "node:path";
import { readIncluded } from "./included.ts";
import type { Migration, MigrationSet, Unread } from "./migration.ts";
import { openProject, type Project, readNamed } from "./project.ts";
import type { Tool } from "./tool.ts";
import { dbmate } from "./tools/dbmate.ts";
import { drizzle } from "./tools/drizzle.ts";
import { flyway } from "./tools/flyway.ts";
import { graphileMigrate } from "./tools/graphile-migrate.ts";
import { doUndo, golangMigrate } from "./tools/numbered.ts";
import { isDump, pgDump } from "./tools/pg-dump.ts";
import { prisma } from "./tools/prisma.ts";
import { nodePgMigrate, programs } from "./tools/programs.ts";
import { sqitch } from "./tools/sqitch.ts";
import { anySql, sql } from "./tools/sql.ts";
import { supabase } from "./tools/supabase.ts";

/** Where to look. */
export interface FindOptions {
  /** Folders or files of the project, in place of all of it. */
  readonly paths?: readonly string[];
  /** Files of SQL in the order in which they run; nothing is searched then. */
  readonly sql?: readonly string[];
  /** Also SQL that defines nothing. */
  readonly any?: boolean;
}

/** Tools in the order in which they may claim files: the surest signs first. */
const tools: readonly Tool[] = [
  supabase,
  prisma,
  drizzle,
  graphileMigrate,
  sqitch,
  flyway,
  dbmate,
  doUndo,
  golangMigrate,
  programs,
  nodePgMigrate,
  pgDump,
  sql,
];

const ASIDE =
  /(?:^|\/)(?:__tests__|tests?|spec|e2e|fixtures?|examples?|samples?|demos?|templates?|docs?|playground|archive[sd]?|old|legacy)(?:\/|$)/i;

/** How likely a set is the application's schema. */
function weight({ tool, folder, migrations }: MigrationSet): number {
  const sure = tool === "sql" ? (/migrat/i.test(folder) ? 30 : 10) : tool === "pg_dump" ? 20 : 40;
  const policies = migrations.some(({ fragments }) =>
    fragments.some((fragment) => /row\s+level\s+security/i.test(fragment.sql)),
  );
  const tables = migrations.some(({ fragments }) =>
    fragments.some((fragment) => /\bcreate\s+(?:unlogged\s+)?table\b/i.test(fragment.sql)),
  );
  const empty = migrations.length === 0 ? -60 : 0;
  const depth = folder === "." ? 0 : folder.split("/").length;
  return (
    sure +
    (policies ? 15 : 0) +
    (tables ? 15 : 0) +
    empty +
    Math.min(migrations.length, 10) -
    depth -
    (ASIDE.test(folder) ? 40 : 0)
  );
}

async function search(project: Project, any: boolean): Promise<MigrationSet[]> {
  const sets: MigrationSet[] = [];
  let free = project.files;
  for (const tool of any ? [...tools, anySql] : tools) {
    const found = await tool(project, free);
    const taken = new Set([
      ...found.claimed,
      ...found.sets.flatMap((set) => [...set.migrations, ...set.unread].map(({ file }) => file)),
    ]);
    sets.push(...found.sets);
    // configuration stays visible to the tools that follow
    free = free.filter((file) => !taken.has(file) || !/\.(?:sql|[cm]?[jt]s)$/.test(file));
  }
  const ranked = sets.map((set) => ({ set, rank: weight(set) })).toSorted((a, b) => b.rank - a.rank);
  return ranked.map(({ set }) => set);
}

/** Reads the files that the user named: one set. */
async function named(root: string, paths: readonly string[]): Promise<MigrationSet[]> {
  const migrations: Migration[] = [];
  const unread: Unread[] = [];
  const evidence = ["named on the command line, in this order"];
  const total = { bytes: 0, turn: Promise.resolve() };
  for (const path of paths) {
    const { file, content } = await readNamed(root, path, total);
    if (content.text === null) unread.push({ file, line: 1, reason: content.reason });
    else {
      if (content.note !== null) evidence.push(`${file}: ${content.note}`);
      const tool = isDump(content.text) ? "pg_dump" : "sql";
      const name = posix.basename(file).replace(/\.sql$/, "");
      migrations.push({ name, tool, file, fragments: [{ sql: content.text, line: 1, offset: 0 }], transaction: false });
    }
  }
  const folders = new Set([...migrations, ...unread].map(({ file }) => posix.dirname(file)));
  const [folder = "."] = folders.size === 1 ? folders : ["."];
  return [{ tool: migrations[0]?.tool ?? "sql", folder, migrations, unread, evidence }];
}

/**
 * Finds migrations below `root`. The first set is the best guess; an empty list means that nothing was found. Throws only where `root` itself
 * can't be read.
 */
export async function findMigrations(root: string, options: FindOptions = {}): Promise<MigrationSet[]> {
  const { paths = [], sql: files = [], any = false } = options;
  const project = await openProject(root, paths);
  const [first, ...rest] = files.length > 0 ? await named(root, files) : await search(project, any);
  const lost = files.length > 0 ? [] : project.problems;
  if (first === undefined) {
    const unread = [...lost];
    return unread.length === 0 ? [] : [{ tool: "sql", folder: ".", migrations: [], unread, evidence: [] }];
  }
  const all = [{ ...first, unread: [...first.unread, ...lost] }, ...rest];
  return Promise.all(all.map((set) => readIncluded(project, set)));
}
