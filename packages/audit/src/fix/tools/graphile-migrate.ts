/**
 * Graphile Migrate: the next committed migrations, in its chain of hashes, as `graphile-migrate commit` would write them. They run before the current
 * migration, and current.sql must bear to run again and again: so nothing is written while there is a current migration.
 */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { MigrationSet } from "../../find/migration.ts";
import { joinedStatements, type ToolForm } from "./form.ts";

/** The hash that the tool compares: of the hash before, and the text behind the headers. */
const hashOf = (body: string, previous: string | undefined): string =>
  `sha1:${createHash("sha1")
    .update(`${`${previous ?? ""}\n${body.trim()}`.trim()}\n`)
    .digest("hex")}`;

const committedIn = (set: MigrationSet): MigrationSet["migrations"] =>
  set.migrations.filter(({ file }) => posix.dirname(file) === posix.join(set.folder, "committed"));

/** The file of the current migration that holds SQL. */
export function currentMigration({ migrations, folder }: MigrationSet): string | undefined {
  const current = [posix.join(folder, "current.sql"), posix.join(folder, "current")];
  return migrations.find(
    ({ file, fragments }) =>
      (file === current[0] || posix.dirname(file) === current[1]) &&
      fragments.some(({ sql }) => sql.replaceAll(/--.*|\/\*[^]*?\*\//g, "").trim() !== ""),
  )?.file;
}

/** The form of a folder with committed migrations. */
export function graphileForm(set: MigrationSet): ToolForm {
  const committed = committedIn(set);
  const numbers = committed.map(({ file }) => Number(/^\d+/.exec(posix.basename(file))?.[0] ?? 0));
  // older versions know numbers only
  const named = committed.some(({ file }) => /^\d+-/.test(posix.basename(file)));
  const last = /^--! Hash: *(\S+)/m.exec(committed.at(-1)?.fragments[0]?.sql ?? "")?.[1];
  return {
    outside: "alone",
    write: (bodies) => {
      let previous = last;
      return bodies.map((body, at) => {
        const text = `${body.transaction ? "" : "--! no-transaction\n"}${joinedStatements(body)}`;
        const hash = hashOf(text, previous);
        const number = String(Math.max(0, ...numbers) + 1 + at).padStart(6, "0");
        const words = body.words.replaceAll("_", "-");
        const headers = [
          `--! Previous: ${previous ?? "-"}`,
          `--! Hash: ${hash}`,
          ...(named ? [`--! Message: ${words}`] : []),
        ];
        previous = hash;
        return {
          file: posix.join(set.folder, "committed", `${number}${named ? `-${words}` : ""}.sql`),
          text: `${headers.join("\n")}\n\n${text}`,
        };
      });
    },
  };
}
