/**
 * Sqitch: deploy scripts in the order of sqitch.plan; a change that was reworked has its earlier text under the name of the last tag
 * before the rework. Scripts run in psql, with the variables of sqitch.conf.
 */
import { posix } from "node:path";
import type { Project } from "../project.ts";
import { settings } from "../settings.ts";
import { add, type Draft, draftOf, finish, type Found, leave, textOf } from "../tool.ts";

interface Change {
  readonly name: string;
  /** The last tag before it in the plan. */
  readonly tag: string | undefined;
  readonly line: number;
}

/** Changes of a plan in order; a tag's line begins with @. */
function changesOf(plan: string): Change[] {
  const changes: Change[] = [];
  let last: string | undefined;
  for (const [i, line] of plan.split(/\r?\n/).entries()) {
    const tag = /^\s*(@[^\s]+)/.exec(line)?.[1];
    const name = /^\s*[+]?\s*([^\s%#@+-][^\s]*)/.exec(line)?.[1];
    if (tag !== undefined) last = tag;
    else if (name !== undefined) changes.push({ name, tag: last, line: i + 1 });
    else if (/^\s*-\s*\S/.test(line)) changes.push({ name: `revert of ${line.trim()}`, tag: last, line: i + 1 });
  }
  return changes;
}

async function deploy(
  project: Project,
  draft: Draft,
  files: readonly string[],
  folder: string,
  plan: string,
  planFile: string,
): Promise<void> {
  const changes = changesOf(plan);
  for (const [i, { name, line }] of changes.entries()) {
    const later = changes.slice(i + 1).find((change) => change.name === name);
    const own = `${name}${later?.tag ?? ""}`;
    const file = posix.join(folder, `${own}.sql`);
    if (files.includes(file)) await add(project, draft, "sqitch", file, { name: own, transaction: false });
    else leave(draft, planFile, `${own}: no ${file}`, line);
  }
}

/** Finds every plan. */
export async function sqitch(project: Project, files: readonly string[]): Promise<Found> {
  const sets = [];
  const claimed: string[] = [];
  for (const planFile of files.filter((file) => posix.basename(file) === "sqitch.plan")) {
    const top = posix.dirname(planFile);
    const draft = draftOf(`${planFile} gives the order`);
    const plan = await textOf(project, draft, planFile);
    const config = [posix.join(top, "sqitch.conf"), posix.join(posix.dirname(top), "sqitch.conf"), "sqitch.conf"].find(
      (file) => files.includes(file),
    );
    const set =
      config === undefined ? new Map<string, string>() : settings((await textOf(project, draft, config)) ?? "");
    const engine = set.get("core.engine");
    const folder = posix.join(
      top,
      (set.get("core.deploy_dir") ?? set.get("engine.pg.deploy_dir") ?? "deploy").split("/").at(-1) ?? "deploy",
    );
    const inside = (file: string): boolean => top === "." || file.startsWith(`${top}/`);
    claimed.push(
      ...files.filter(
        (file) => file.endsWith(".sql") && inside(file) && /(?:^|\/)(?:deploy|revert|verify)\//.test(file),
      ),
    );
    if (engine !== undefined && engine !== "pg") leave(draft, config ?? planFile, `the engine is ${engine}, not pg`);
    else if (plan !== undefined) await deploy(project, draft, files, folder, plan, planFile);
    const variables = [...set].flatMap(([key, value]): [string, string][] => {
      const name = /^(?:core|deploy|engine\.pg|target\.[^.]+)\.variables\.(.+)$/.exec(key)?.[1];
      return name === undefined ? [] : [[name, value]];
    });
    sets.push(...finish(draft, "sqitch", folder, { placeholders: Object.fromEntries(variables) }));
  }
  return { sets, claimed };
}
