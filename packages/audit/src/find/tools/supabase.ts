/**
 * Supabase: supabase/migrations/<timestamp>_name.sql in the order of names; supabase/roles.sql runs before them, supabase/schemas when there
 * are no migrations. Seeds are no migrations.
 */
import { posix } from "node:path";
import { byName } from "../order.ts";
import type { Project } from "../project.ts";
import { list, settings } from "../settings.ts";
import { add, type Draft, draftOf, finish, type Found, leave, textOf } from "../tool.ts";
import { counted } from "../../words/counted.ts";

/** Before this the CLI wrote <timestamp>_init.sql itself; it still skips such a file when it comes first. */
const OLD_INIT = 20211209000000n;

/** Files of schema_paths, whose patterns may end in *.sql. */
function declared(patterns: readonly string[], root: string, files: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    const path = posix.join(root, pattern);
    const form = new RegExp(
      `^${path
        .replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
        .replaceAll("**/", "(?:.+/)?")
        .replaceAll("*", "[^/]*")}$`,
    );
    return files.filter((file) => form.test(file)).toSorted(byName);
  });
}

async function migrations(project: Project, draft: Draft, files: readonly string[]): Promise<void> {
  for (const [i, file] of files.toSorted(byName).entries()) {
    const name = posix.basename(file);
    const init = /^(\d{14})_init\.sql$/.exec(name)?.[1];
    if (i === 0 && init !== undefined && BigInt(init) < OLD_INIT)
      leave(draft, file, "the CLI skips an old first _init.sql");
    else if (!/^\d+_.*\.sql$/.test(name)) leave(draft, file, "the CLI skips a name that is not <timestamp>_name.sql");
    else await add(project, draft, "supabase", file);
  }
}

/** Finds every folder called supabase that holds migrations, schemas or a config.toml. */
export async function supabase(project: Project, files: readonly string[]): Promise<Found> {
  const roots = new Set(
    files.flatMap(
      (file) => /^((?:.*\/)?supabase)\/(?:migrations\/[^/]+\.sql|schemas\/.+\.sql|config\.toml)$/.exec(file)?.[1] ?? [],
    ),
  );
  const sets = [];
  const claimed: string[] = [];
  for (const root of roots) {
    const own = files.filter((file) => file.startsWith(`${root}/`) && file.endsWith(".sql"));
    const draft = draftOf(`${root} is a Supabase project`);
    const config = `${root}/config.toml`;
    const set = files.includes(config)
      ? settings((await textOf(project, draft, config)) ?? "")
      : new Map<string, string>();
    if (own.includes(`${root}/roles.sql`)) {
      draft.evidence.push("roles.sql runs before the migrations");
      await add(project, draft, "supabase", `${root}/roles.sql`);
    }
    const listed = own.filter((file) => posix.dirname(file) === `${root}/migrations`);
    await migrations(project, draft, listed);
    const paths = list(set.get("db.migrations.schema_paths"));
    const schemas = declared(paths.length > 0 ? paths : ["schemas/*.sql"], root, own);
    if (listed.length === 0 && schemas.length > 0) {
      draft.evidence.push("no migrations: the declared schemas are read");
      for (const file of new Set(schemas)) await add(project, draft, "supabase", file);
    } else if (schemas.length > 0)
      draft.evidence.push(`${counted(schemas.length, "declared schema")} not read: the migrations hold them`);
    const rest = own.filter(
      (file) => !listed.includes(file) && !schemas.includes(file) && !file.endsWith("/roles.sql"),
    );
    if (rest.length > 0)
      draft.evidence.push(
        `no migrations: ${rest.slice(0, 5).join(", ")}${rest.length > 5 ? ` and ${rest.length - 5} more` : ""}`,
      );
    const folder = listed.length > 0 || schemas.length === 0 ? `${root}/migrations` : `${root}/schemas`;
    sets.push(...finish(draft, "supabase", folder));
    claimed.push(...own);
  }
  return { sets, claimed };
}
