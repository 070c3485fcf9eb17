/**
 * Channels that such a design always has, shown once and noted: who can run SQL as the application role can set a context that is an ordinary
 * setting (C8), and plans count rows that nobody may see (G1, G2). Must never make a cell a leak.
 */
import { counted } from "../../words/counted.ts";
import { conditionText } from "../seed/values.ts";
import type { Actor, Attack, Ruling, Seen } from "./attack.ts";
import { Forge, mainStance, shownColumns } from "./forms.ts";
import { foreignRows } from "./judge.ts";
import { type Target, type World } from "./world.ts";

/** Tries that are told once for the whole database, on the first table that shows them. */
export function residualAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const shown = shownColumns(world, target, actor);
  if (shown === null || !target.relation.rowSecurity || actor.kind === "anonymous") return [];
  const forge = new Forge(world, target, actor, "read", "C8");
  const main = mainStance(actor);
  const attacks: Attack[] = [];
  const noted =
    (words: string) =>
    (seen: Seen): Ruling => {
      const foreign = seen.answers.flatMap((answer) =>
        answer.columns.length > 0 && answer.columns[0] !== "set_config" ? foreignRows(target.page, answer) : [],
      );
      return foreign.length > 0
        ? { result: "noted", evidence: `${words}: ${counted(foreign.length, "row")} of tenant B` }
        : { result: "blocked", evidence: "the context did not change by a setting" };
    };
  // the key of a session is nothing that another tenant can name
  const isSetting = world.facts.understanding.context.some(
    (source) => (source.kind === "setting" || source.kind === "claims") && source.session === undefined,
  );
  if (isSetting) {
    const steps = [
      ...world.context
        .statements("strongest", world.tenants.b)
        .map((sql) => ({ sql, note: "the context is a setting that anyone may set" })),
      { sql: `select ${shown} from ${target.name}` },
    ];
    attacks.push({
      ...forge.read("set B's context in the same session", main, steps, "C8"),
      judge: noted("whoever can run SQL as the application role can name any tenant"),
    });
  }
  const owner = conditionText(target.ownerColumns, target.b[0]!.values);
  if (owner !== "") {
    const explain = forge.read(
      "explain analyze with B's id",
      main,
      `explain (analyze, timing off, summary off) select ${shown} from ${target.name} where ${owner}`,
      "G2",
    );
    const judge = ({ answers }: Seen): Ruling => {
      const plan = answers.flatMap(({ rows }) => rows.map(([line]) => line ?? ""));
      const removed = plan
        .map((line) => /Rows Removed by (?:Filter|Index Recheck): (\d+)/.exec(line)?.[1])
        .find((count) => count !== undefined && count !== "0");
      return removed === undefined
        ? { result: "blocked", evidence: "no plan line counts hidden rows" }
        : { result: "noted", evidence: `the plan counts rows that are hidden: Rows Removed by Filter: ${removed}` };
    };
    attacks.push({ ...explain, judge });
  }
  return attacks;
}
