/**
 * Sqitch: a deploy, a revert and a verify script for each change, and its line at the end of sqitch.plan. Each new change requires the one before it.
 */
import { posix } from "node:path";
import type { MigrationSet } from "../../find/migration.ts";
import { type Body, joinedStatements, type Listing, type ToolForm } from "./form.ts";

/** The form of a folder of deploy scripts. */
export function sqitchForm(set: MigrationSet): ToolForm {
  const top = posix.dirname(set.folder);
  // where the deploy scripts lie elsewhere, the others do too, and the plan alone is enough to deploy
  const usual = posix.basename(set.folder) === "deploy";
  return {
    outside: "together",
    write: (bodies) =>
      bodies.map((body) => {
        const name = `${free(set, body.words)}.sql`;
        const text = body.transaction ? inTransaction(joinedStatements(body), "COMMIT") : joinedStatements(body);
        return {
          file: posix.join(set.folder, name),
          text,
          fragments: [{ sql: text, line: 1, offset: 0 }],
          beside: usual
            ? [
                {
                  file: posix.join(top, "revert", name),
                  text: "-- Nothing is undone: what this has closed stays closed.\n",
                },
                { file: posix.join(top, "verify", name), text: inTransaction(verified(body), "ROLLBACK") },
              ]
            : [],
        };
      }),
    listing: (files) => plan(posix.join(top, "sqitch.plan"), files),
  };
}

const inTransaction = (sql: string, end: string): string => `BEGIN;\n\n${sql}\n${end};\n`;

/** A name that no change has. */
function free({ migrations }: MigrationSet, words: string): string {
  const taken = new Set(migrations.map(({ name }) => name.replace(/@.*$/, "")));
  for (let at = 1; ; at += 1) {
    const name = at === 1 ? words : `${words}_${at}`;
    if (!taken.has(name)) return name;
  }
}

/** Fails where row security is not as the change has left it. */
function verified({ statements }: Body): string {
  const checks = statements.flatMap((statement) => {
    const [, table, what] =
      /^alter table (?:only )?((?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))?) (enable|force) row level security;$/im.exec(
        statement,
      ) ?? [];
    if (table === undefined) return [];
    const column = what?.toLowerCase() === "force" ? "relforcerowsecurity" : "relrowsecurity";
    return [
      `select 1 / ${column}::int from pg_catalog.pg_class where oid = '${table.replaceAll("'", "''")}'::regclass;\n`,
    ];
  });
  return checks.join("");
}

const plan = (file: string, files: readonly string[]): Listing => ({
  file,
  added(text, now) {
    const last = text
      .split(/\r?\n/)
      .flatMap((line) => /^\s*[+]?\s*([^\s%#@+-]\S*)/.exec(line)?.[1] ?? [])
      .at(-1);
    const names = files.map((each) => posix.basename(each, ".sql"));
    const added = names.map((name, at) => {
      const requires = at === 0 ? last : names[at - 1];
      const time = `${now.toISOString().slice(0, 19)}Z`;
      return `${name} ${requires === undefined ? "" : `[${requires}] `}${time} watertight protect <protect@watertight.invalid> # Tenant isolation: ${name}`;
    });
    return `${text.replace(/\n*$/, "\n")}${added.join("\n")}\n`;
  },
});
