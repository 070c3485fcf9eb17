/**
 * Graphile Migrate: migrations/committed in order, then current.sql or current/; before them what .gmrc sets for each session and runs after a
 * reset (extensions, grants). `--! …` lines are comments, except `--!include`, which puts in a file of migrations/fixtures.
 */
import { posix } from "node:path";
import type { Fragment } from "../migration.ts";
import { byName } from "../order.ts";
import type { Project } from "../project.ts";
import { tokensOf } from "../code/tokens.ts";
import { evaluate, sourceOf, type Value } from "../code/values.ts";
import { add, type Draft, draftOf, finish, type Found, leave, stretch, textOf } from "../tool.ts";
import { quoteText } from "@watertight/schema";

const COMMITTED = /^\d{6,}(?:-[-_a-z0-9]*)?\.sql$/i;
const INCLUDE = /^--![ \t]*include[ \t]+(.*\.sql)[ \t]*$/gm;

/** .gmrc is JSON with comments. */
function configOf(text: string): ReadonlyMap<string, Value> {
  const tokens = tokensOf(text);
  const value = evaluate(tokens, { from: 0, to: tokens.length }, new Map(), sourceOf(text));
  return value.kind === "object" ? value.fields : new Map();
}

const plain = (value: Value | undefined): string | undefined => (value?.kind === "text" ? value.text.text : undefined);
const fieldsOf = (value: Value | undefined): [string, Value][] => (value?.kind === "object" ? [...value.fields] : []);

/** The text with the files that it includes, each as its own fragment. */
async function withFixtures(
  project: Project,
  draft: Draft,
  text: string,
  file: string,
  fixtures: string,
): Promise<readonly Fragment[]> {
  const fragments: Fragment[] = [];
  let from = 0;
  for (const match of text.matchAll(INCLUDE)) {
    const path = posix.join(fixtures, match[1] ?? "");
    fragments.push(stretch(text, from, match.index));
    const included = path.startsWith(`${fixtures}/`) ? await textOf(project, draft, path) : undefined;
    if (included === undefined) leave(draft, file, `${match[0]}: not read`, stretch(text, match.index).line);
    else fragments.push({ sql: included, line: 1, offset: 0, file: path });
    from = match.index + match[0].length;
  }
  return [...fragments, stretch(text, from)];
}

/** Settings that each migration runs with. */
function session(draft: Draft, config: ReadonlyMap<string, Value>, file: string): void {
  for (const [name, value] of fieldsOf(config.get("pgSettings"))) {
    const text = value.kind === "text" ? value.text : undefined;
    if (text === undefined) continue;
    draft.evidence.push(`${file}: ${name} is set for each migration`);
    const sql = `select pg_catalog.set_config(${quoteText(name)}, ${quoteText(text.text)}, false)`;
    const fragment = { sql, line: text.lines[0] ?? 1, offset: text.offset, column: text.column };
    draft.migrations.push({ name: ".gmrc", tool: "graphile-migrate", file, fragments: [fragment], transaction: false });
  }
}

function afterReset(config: ReadonlyMap<string, Value>): string[] {
  const action = config.get("afterReset");
  const items = action?.kind === "list" ? action.items : action === undefined ? [] : [action];
  return items.flatMap((item) => {
    const file =
      plain(item) ??
      (item.kind === "object" && plain(item.fields.get("_")) === "sql" ? plain(item.fields.get("file")) : undefined);
    return file === undefined ? [] : [file.replace(/^!/, "")];
  });
}

/** Finds every folder with a `committed` folder or a .gmrc beside it. */
export async function graphileMigrate(project: Project, files: readonly string[]): Promise<Found> {
  const roots = new Map<string, string | undefined>();
  for (const config of files.filter((file) => posix.basename(file) === ".gmrc")) {
    const set = configOf((await project.read(config)).text ?? "");
    roots.set(posix.join(posix.dirname(config), plain(set.get("migrationsFolder")) ?? "./migrations"), config);
  }
  for (const file of files) {
    const root = /^(?:(.*)\/)?committed\/[^/]+$/.exec(file)?.[1] ?? ".";
    if (!/(?:^|\/)committed\/[^/]+$/.test(file) || !COMMITTED.test(posix.basename(file)) || roots.has(root)) continue;
    if (/^--! Previous:/m.test((await project.read(file)).text ?? "")) roots.set(root, undefined);
  }
  const sets = [];
  const claimed: string[] = [];
  for (const [root, config] of roots) {
    const inside = files.filter((file) => file.endsWith(".sql") && (root === "." || file.startsWith(`${root}/`)));
    if (inside.length === 0) continue;
    const draft = draftOf(
      config === undefined
        ? `${root}/committed has Graphile Migrate's headers`
        : `${config} is Graphile Migrate's configuration`,
    );
    const set =
      config === undefined ? new Map<string, Value>() : configOf((await textOf(project, draft, config)) ?? "");
    const read = async (file: string, name?: string): Promise<void> => {
      const text = await textOf(project, draft, file);
      if (text === undefined) return;
      const fragments = await withFixtures(project, draft, text, file, posix.join(root, "fixtures"));
      const body = text.replace(/^(?:--! (?:Previous|Hash|Message):.*\n|\s*\n)*/, "");
      const transaction = !/^--!\s*no-transaction\b/.test(body);
      draft.migrations.push({
        name: name ?? posix.basename(file, ".sql"),
        tool: "graphile-migrate",
        file,
        fragments,
        transaction,
      });
    };
    if (config !== undefined) session(draft, set, config);
    for (const path of afterReset(set)) {
      const file = posix.join(root, path);
      draft.evidence.push(`${file} runs after a reset, before the migrations`);
      await add(project, draft, "graphile-migrate", file, { transaction: false });
    }
    const inFolder = (folder: string): string[] =>
      inside.filter((file) => posix.dirname(file) === posix.join(root, folder)).toSorted(byName);
    for (const file of inFolder("committed"))
      await (COMMITTED.test(posix.basename(file))
        ? read(file)
        : leave(draft, file, "Graphile Migrate runs only <number>.sql"));
    const current = inside.includes(posix.join(root, "current.sql"))
      ? [posix.join(root, "current.sql")]
      : inFolder("current");
    if (current.length > 0) draft.evidence.push("the current migration is read last");
    for (const file of current) await read(file);
    const known = new Set([...draft.migrations.map(({ file }) => file), ...draft.unread.map(({ file }) => file)]);
    const rest = inside.filter((file) => !known.has(file) && !file.startsWith(posix.join(root, "fixtures")));
    for (const file of rest) leave(draft, file, "Graphile Migrate does not run it by itself");
    const placeholders = fieldsOf(set.get("placeholders")).flatMap(([name, value]): [string, string][] => {
      const text = plain(value);
      return text === undefined || text === "!ENV" ? [] : [[name.replace(/^:/, ""), text]];
    });
    sets.push(...finish(draft, "graphile-migrate", root, { placeholders: Object.fromEntries(placeholders) }));
    claimed.push(...inside);
  }
  return { sets, claimed };
}
