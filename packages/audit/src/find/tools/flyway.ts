/**
 * Flyway: V1_2__name.sql by version, then R__name.sql by description; callbacks before and after; U undoes and is not read. Values of
 * placeholders and the locations come from flyway.conf, flyway.toml or Spring's application.properties.
 */
import { posix } from "node:path";
import { byName, byVersion } from "../order.ts";
import type { Project } from "../project.ts";
import { settings } from "../settings.ts";
import { add, draftOf, type Draft, finish, type Found, leave, textOf } from "../tool.ts";
import { counted } from "../../words/counted.ts";

const VERSIONED = /^V(\d+(?:[._]\d+)*)__.*\.sql$/;
const REPEATABLE = /^R__(.*)\.sql$/;
const OURS = /^(?:[VUB]\d+(?:[._]\d+)*__.*|R__.*)\.(?:sql|java)$/;
const CALLBACK = /^(before|after)(?:Each)?(Migrate|Versioned|Repeatables)?(?:__.*)?\.sql$/;
/** Folders for other databases beside the one for PostgreSQL. */
const OTHERS = /^(?:h2|hsqldb|mysql|mariadb|oracle|sqlserver|mssql|db2|sqlite|derby)$/i;

const versionOf = (file: string): number[] =>
  (VERSIONED.exec(posix.basename(file))?.[1] ?? "").split(/[._]/).map(Number);

/** The location that a file belongs to: up to db/migration, else the highest folder that holds such files itself. */
function locationOf(file: string, folders: ReadonlySet<string>): string {
  const usual = /^(.*\bdb\/migrations?)\//.exec(file)?.[1];
  if (usual !== undefined) return usual;
  let location = posix.dirname(file);
  for (let parent = posix.dirname(location); parent !== "."; parent = posix.dirname(parent))
    if (folders.has(parent)) location = parent;
  return location;
}

/** flyway.placeholders.x of all formats. */
async function configured(project: Project, draft: Draft, files: readonly string[]): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const file of files.filter((one) =>
    /(?:^|\/)(?:flyway[^/]*\.(?:conf|toml)|application[^/]*\.properties)$/.test(one),
  )) {
    for (const [key, value] of settings((await textOf(project, draft, file)) ?? "")) {
      const name = /^(?:spring\.)?flyway\.placeholders\.(.+)$/.exec(key)?.[1];
      if (name === undefined) continue;
      values[name] = value;
      draft.evidence.push(`${file}: placeholder ${name}`);
    }
  }
  return values;
}

async function addAll(project: Project, draft: Draft, files: readonly string[], all: readonly string[]): Promise<void> {
  for (const file of files) {
    const script = all.includes(`${file}.conf`)
      ? settings((await textOf(project, draft, `${file}.conf`)) ?? "")
      : undefined;
    await add(project, draft, "flyway", file, { transaction: script?.get("executeInTransaction") !== "false" });
  }
}

/** Finds every location. */
export async function flyway(project: Project, files: readonly string[]): Promise<Found> {
  const ours = files.filter((file) => OURS.test(posix.basename(file)));
  const folders = new Set(ours.map((file) => posix.dirname(file)));
  const locations = new Map<string, string[]>();
  for (const file of ours) {
    const location = locationOf(file, folders);
    locations.set(location, [...(locations.get(location) ?? []), file]);
  }
  const sets = [];
  const claimed: string[] = [];
  for (const [location, own] of locations) {
    const draft = draftOf("files are named V<version>__name.sql: Flyway");
    const placeholders = await configured(project, draft, files);
    const foreign = own.filter((file) =>
      file
        .slice(location.length + 1)
        .split("/")
        .slice(0, -1)
        .some((part) => OTHERS.test(part)),
    );
    const mine = own.filter((file) => !foreign.includes(file));
    const named = (pattern: RegExp): string[] => mine.filter((file) => pattern.test(posix.basename(file)));
    const callbacks = files.filter((file) => file.startsWith(`${location}/`) && CALLBACK.test(posix.basename(file)));
    const around = (when: string): string[] =>
      callbacks.filter((file) => new RegExp(`^${when}Migrate`).test(posix.basename(file))).toSorted(byName);
    await addAll(project, draft, around("before"), files);
    await addAll(
      project,
      draft,
      named(VERSIONED).toSorted((a, b) => byVersion(versionOf(a), versionOf(b)) || byName(a, b)),
      files,
    );
    await addAll(
      project,
      draft,
      named(REPEATABLE).toSorted((a, b) => byName(posix.basename(a), posix.basename(b))),
      files,
    );
    await addAll(project, draft, around("after"), files);
    const undo = named(/^U.*\.sql$/);
    if (undo.length > 0) draft.evidence.push(`${counted(undo.length, "undo file")} not read`);
    for (const file of foreign) leave(draft, file, "for another database than PostgreSQL");
    for (const file of named(/^B.*\.sql$/))
      leave(draft, file, "a baseline stands for the versions before it, which are read");
    for (const file of mine.filter((one) => one.endsWith(".java")))
      leave(draft, file, "a Java migration is a program, not SQL");
    for (const file of callbacks.filter((one) => !around("before").includes(one) && !around("after").includes(one)))
      leave(draft, file, "a callback that runs at other times than before and after the migration");
    sets.push(...finish(draft, "flyway", location, { placeholders }));
    claimed.push(...own, ...callbacks);
  }
  return { sets, claimed };
}
