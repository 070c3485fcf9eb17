/**
 * Migrations that are TypeScript or JavaScript: TypeORM, Knex, node-pg-migrate (which runs .sql files of the same folder too), Kysely, MikroORM,
 * Sequelize. Read as far as their SQL is literal; each tool orders in its own way.
 */
import { posix } from "node:path";
import type { Fragment, Migration, MigrationTool, ProgramLanguage } from "../migration.ts";
import { readUp } from "../code/read-up.ts";
import { byName } from "../order.ts";
import type { FileText } from "../decode.ts";
import type { Project } from "../project.ts";
import { upSection } from "../sections.ts";
import { add, byFolder, type Draft, draftOf, finish, type Found, leave, textOf, whole } from "../tool.ts";
import { counted } from "../../words/counted.ts";

const PROGRAM = /(?<!\.d)\.[cm]?[jt]s$/;
const NOT_RUN = /(?:\.|^)(?:spec|test|stories)\.[cm]?[jt]s$|^(?:index|_.*)\.[cm]?[jt]s$/;

/** By what a program imports or calls. */
const signs: readonly (readonly [MigrationTool, RegExp])[] = [
  ["typeorm", /\bMigrationInterface\b/],
  ["mikro-orm", /@mikro-orm\/|\bthis\.addSql\(/],
  ["node-pg-migrate", /\bpgm\b|\bMigrationBuilder\b|node-pg-migrate/],
  ["sequelize", /\bqueryInterface\b|\bsequelize\b/i],
  ["kysely", /\bkysely\b/i],
  ["knex", /\bknex\b/i],
];

const pgMarkers = { up: /^\s*--[\s-]*up\s+migration.*$/im, down: /^\s*--[\s-]*down\s+migration.*$/im };

/** node-pg-migrate's order: the number before the first underscore, 17 digits being a date; then names as people sort them. */
function pgNumber(file: string): number {
  const prefix = posix.basename(file).split("_")[0] ?? "";
  const date = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/.exec(prefix);
  if (date === null) return Number(prefix) || 0;
  const [, year, month, day, hour, minute, second, ms] = date;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
}
const natural = new Intl.Collator(undefined, {
  usage: "sort",
  numeric: true,
  sensitivity: "variant",
  ignorePunctuation: true,
});

/** TypeORM's: the number that ends the class's name. */
function classNumber(text: string): number {
  const name =
    /\bname\s*(?::\s*string)?\s*=\s*["'`](\w+)["'`]/.exec(text)?.[1] ?? /\bclass\s+(\w+)/.exec(text)?.[1] ?? "";
  return Number(/\d{1,13}$/.exec(name)?.[0] ?? 0);
}

interface Program {
  readonly file: string;
  readonly text: string;
}

function sortFor(tool: MigrationTool, programs: readonly Program[]): Program[] {
  const base = (program: Program): string => posix.basename(program.file);
  if (tool === "typeorm")
    return programs.toSorted((a, b) => classNumber(a.text) - classNumber(b.text) || byName(a.file, b.file));
  if (tool === "node-pg-migrate")
    return programs.toSorted((a, b) => pgNumber(a.file) - pgNumber(b.file) || natural.compare(base(a), base(b)));
  return programs.toSorted((a, b) => byName(base(a), base(b)));
}

/** Sequelize opens none by itself. */
const inTransaction = (tool: MigrationTool, text: string): boolean =>
  tool === "sequelize"
    ? /\.transaction\(/.test(text)
    : !/\btransaction\s*[:=]\s*false\b|\bnoTransaction\(\)|\bisTransactional\(\)\s*(?::\s*boolean\s*)?\{\s*return false/.test(
        text,
      );

function languageOf(file: string, text: string): ProgramLanguage {
  if (file.endsWith("ts")) return "ts";
  if (/\.[cm]js$/.test(file)) return file.endsWith(".mjs") ? "esm" : "cjs";
  return /^\s*(?:import|export)\b/m.test(text) ? "esm" : "cjs";
}

/** Reads what a program's `up` runs. */
async function read(project: Project, draft: Draft, tool: MigrationTool, { file, text }: Program): Promise<void> {
  let steps: ReturnType<typeof readUp>;
  try {
    steps = readUp(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return leave(draft, file, `a program that can't be followed: ${error.message}`);
  }
  if (steps === undefined) return leave(draft, file, "no function up(…) was found");
  const fragments: Fragment[] = [];
  for (const step of steps) {
    if (step.kind === "sql") fragments.push(step.fragment);
    else if (step.kind === "unread") leave(draft, file, step.reason, step.line);
    else {
      const near = posix.normalize(posix.join(posix.dirname(file), step.path));
      const path = project.files.includes(near) ? near : posix.normalize(step.path);
      const inside = !path.startsWith("..") && !path.startsWith("/");
      const content: FileText = inside ? await project.read(path) : { text: null, reason: "outside of the project" };
      if (content.text === null) leave(draft, file, `reads ${step.path}: ${content.reason}`, step.line);
      else fragments.push({ sql: content.text, line: 1, offset: 0, file: path });
    }
  }
  const migration: Migration = {
    name: posix.basename(file).replace(PROGRAM, ""),
    tool,
    file,
    fragments,
    transaction: inTransaction(tool, text),
    language: languageOf(file, text),
  };
  draft.migrations.push(migration);
}

/** Which tool the programs of a folder are for: the one that most of them show. */
function toolOf(programs: readonly Program[]): MigrationTool | undefined {
  const votes = new Map<MigrationTool, number>();
  for (const { text } of programs) {
    const tool = signs.find(([, sign]) => sign.test(text))?.[0];
    if (tool !== undefined) votes.set(tool, (votes.get(tool) ?? 0) + 1);
  }
  return [...votes].toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

/** Finds every folder in which a program has an `up`. */
export async function programs(project: Project, files: readonly string[]): Promise<Found> {
  const sets = [];
  const claimed: string[] = [];
  const candidates = files.filter((file) => PROGRAM.test(file) && !NOT_RUN.test(posix.basename(file)));
  for (const [folder, own] of byFolder(candidates)) {
    const draft = draftOf();
    const found: Program[] = [];
    for (const file of own) {
      const { text } = await project.read(file);
      if (text !== null && /\bup\b/.test(text)) found.push({ file, text });
    }
    const tool = toolOf(found);
    if (tool === undefined) continue;
    const beside = files.filter((file) => posix.dirname(file) === folder && file.endsWith(".sql"));
    draft.evidence.push(`${counted(found.length, "program")} with up(…): ${tool}`);
    const sql = tool === "node-pg-migrate" ? beside.map((file) => ({ file, text: "" })) : [];
    for (const program of sortFor(tool, [...found, ...sql])) {
      if (PROGRAM.test(program.file)) await read(project, draft, tool, program);
      else await addPgSql(project, draft, program.file);
    }
    const rest = own.filter((file) => !found.some((program) => program.file === file));
    for (const file of rest) {
      const text = await textOf(project, draft, file);
      if (text !== undefined) draft.evidence.push(`${file} has no up(…): a helper`);
    }
    const taken = new Set(
      draft.migrations.flatMap(({ fragments }) => fragments.flatMap((fragment) => fragment.file ?? [])),
    );
    sets.push(...finish(draft, tool, folder));
    claimed.push(...own, ...(tool === "node-pg-migrate" ? beside : []), ...taken);
  }
  return { sets, claimed };
}

async function addPgSql(project: Project, draft: Draft, file: string): Promise<void> {
  if (file.endsWith(".down.sql")) return void draft.evidence.push(`${file} is the way down, not read`);
  await add(project, draft, "node-pg-migrate", file, {
    // without an up marker the tool runs the whole file
    fragments: (text) => (pgMarkers.up.test(text) ? upSection(text, pgMarkers) : whole(text)),
  });
}

/** node-pg-migrate with SQL files only: known by its markers, or by package.json and numbered files. */
export async function nodePgMigrate(project: Project, files: readonly string[]): Promise<Found> {
  const sets = [];
  const claimed: string[] = [];
  const packages = files.filter((file) => posix.basename(file) === "package.json");
  const users: string[] = [];
  for (const file of packages) {
    const { text } = await project.read(file);
    if (text !== null && /"node-pg-migrate"\s*:/.test(text)) users.push(posix.dirname(file));
  }
  for (const [folder, own] of byFolder(files.filter((file) => file.endsWith(".sql")))) {
    const texts = await Promise.all(own.map((file) => project.read(file)));
    const marked = texts.some(({ text }) => text !== null && pgMarkers.up.test(text));
    const used =
      users.some((user) => user === "." || folder.startsWith(`${user}/`)) && /(?:^|\/)migrations?$/.test(folder);
    const numbered = own.every((file) => /^\d+_/.test(posix.basename(file)));
    if (!marked && !(used && numbered)) continue;
    const draft = draftOf(marked ? "-- Up Migration in a file: node-pg-migrate" : "package.json names node-pg-migrate");
    for (const { file } of sortFor(
      "node-pg-migrate",
      own.map((file) => ({ file, text: "" })),
    ))
      await addPgSql(project, draft, file);
    sets.push(...finish(draft, "node-pg-migrate", folder));
    claimed.push(...own);
  }
  return { sets, claimed };
}
