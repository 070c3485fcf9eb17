/**
 * Applies the numbered files that are missing, as the owner role, and refuses to go on when an applied file was edited.
 */
import type { KitTransaction } from "../db/transaction.ts";
import { kitError } from "../errors/kit-error.ts";
import type { RoleNames } from "./role-names.ts";
import { fillRoles, type Level, levelFile, numberedFiles } from "./sql-files.ts";
import type { Steps } from "./steps.ts";

/** Highest file that created everything the level files refer to. */
const levelNeeds = 4;

/** What is applied here: number -> checksum. */
export async function appliedFiles(tx: Pick<KitTransaction, "rows">): Promise<Map<number, string>> {
  const [there] = await tx.rows("select pg_catalog.to_regclass('watertight.migration') is not null as yes");
  if (!there!.yes) return new Map();
  const rows = await tx.rows("select number, checksum from watertight.migration order by number");
  return new Map(rows.map((row) => [row.number as number, row.checksum as string]));
}

/** Applies what is missing up to `upTo`; answers the numbers applied now. */
export async function runFiles(tx: KitTransaction, steps: Steps, roles: RoleNames, upTo: number): Promise<number[]> {
  const applied = await appliedFiles(tx);
  const files = numberedFiles();
  const newest = Math.max(0, ...applied.keys());
  if (newest > (files.at(-1)?.number ?? 0))
    throw kitError("WT_KIT_TOO_NEW", { detail: `file ${newest} is applied here` });
  const now: number[] = [];
  for (const file of files.filter((each) => each.number <= upTo)) {
    const checksum = applied.get(file.number);
    if (checksum !== undefined && checksum !== file.checksum) throw kitError("WT_KIT_EDITED", { detail: file.name });
    if (checksum !== undefined) {
      steps.already(file.name);
      continue;
    }
    await steps.done(file.name, async () => {
      await tx.run(fillRoles(file.text, roles));
      await tx.run("insert into watertight.migration (number, name, checksum) values ($1, $2, $3)", [
        file.number,
        file.name,
        file.checksum,
      ]);
    });
    now.push(file.number);
  }
  return now;
}

/** Installs the functions of a level; again only when level or file changed. */
export async function runLevel(tx: KitTransaction, steps: Steps, roles: RoleNames, level: Level): Promise<void> {
  const applied = await appliedFiles(tx);
  if (!applied.has(levelNeeds)) return;
  const file = levelFile(level);
  const [row] = await tx.rows("select value from watertight.setting where name = 'level_file'");
  const wanted = `${file.name} ${file.checksum}`;
  if (row?.value === wanted) return steps.already(`level ${level}`);
  await steps.done(`level ${level}`, async () => {
    await tx.run(fillRoles(file.text, roles));
    await putSetting(tx, "level_file", wanted);
  });
}

/** Writes a setting; an unchanged value leaves the row untouched. */
export async function putSetting(tx: KitTransaction, name: string, value: string): Promise<boolean> {
  const rows = await tx.run(
    `insert into watertight.setting as s (name, value) values ($1, $2)
     on conflict (name) do update set value = excluded.value where s.value <> excluded.value returning 1`,
    [name, value],
  );
  return rows.length > 0;
}
