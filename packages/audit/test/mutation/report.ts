/**
 * The report of a wide run: numbers by operator, and every mutant that the rules did not see, with the reason why not. It is read back by the test, so the
 * list of survivors in it is the one that is expected.
 */
import { readFile, writeFile } from "node:fs/promises";
import { operators } from "./operators/index.ts";
import { reasonFor } from "./reasons.ts";
import type { Run, Verdict } from "./run-mutants.ts";

const place = new URL("survivors.md", import.meta.url);

/** Mutants that counted, caught ones, and the share. */
interface Score {
  readonly valid: number;
  readonly caught: number;
  readonly share: number;
}

/** Counts: what was refused, or changed nothing, is no mutant. */
export function scoreOf(verdicts: readonly Verdict[]): Score {
  const caught = verdicts.filter(({ state }) => state === "caught").length;
  const valid = caught + verdicts.filter(({ state }) => state === "survived").length;
  return { valid, caught, share: valid === 0 ? 0 : caught / valid };
}

/** The survivors that are known for a version of PostgreSQL. */
export async function knownSurvivors(version: number): Promise<ReadonlySet<string>> {
  const text = await readFile(place, "utf8");
  const section = text.split(/^## /m).find((each) => each.startsWith(`PostgreSQL ${version}\n`)) ?? "";
  return new Set([...section.matchAll(/^- `([^`]+)`/gm)].map(([, mutant]) => mutant!));
}

/** Writes the section of a version; the others stay. */
export async function writeReport({ version, exact, verdicts }: Run, today: string): Promise<void> {
  const before = await readFile(place, "utf8").catch(() => "");
  const kept = before
    .split(/^(?=## )/m)
    .filter((each) => each.startsWith("## PostgreSQL") && !each.startsWith(`## PostgreSQL ${version}\n`));
  const sections = [...kept.map((each) => each.trimEnd()), section({ version, exact, verdicts }, today)].sort();
  await writeFile(place, `${[head, ...sections].join("\n\n")}\n`);
}

const head = `# Mutants that the rules do not see

Clean schemas are broken by the operators of this folder, one mistake at a time, and the rules are run. A mutant is caught when they find something new
of a vector that the operator names, or of error level. Written by a wide run: \`MUTANTS=wide npx vitest run packages/audit/test/mutation\`; every CI run
tries a sample, and fails on a survivor that does not stand here.`;

function section({ version, exact, verdicts }: Run, today: string): string {
  const { valid, caught, share } = scoreOf(verdicts);
  const survivors = verdicts.filter(({ state }) => state === "survived");
  const rows = operators.map(({ name, what, vectors, sparing = "" }) => {
    const mine = verdicts.filter(({ operator }) => operator === name);
    const score = scoreOf(mine);
    const none = mine.length - score.valid;
    return `| ${name} | ${what} | ${vectors.join(" ")} | ${score.valid} | ${score.caught} | ${none === 0 ? "" : none} | ${sparing} |`;
  });
  return [
    `## PostgreSQL ${version}`,
    `${today}, PostgreSQL ${exact}: ${caught} of ${valid} mutants caught (${(share * 100).toFixed(1)} %), ${operators.length} operators, ${verdicts.length - valid} tries that were no mutants (PostgreSQL refused them, or nothing changed).`,
    survivors.length === 0 ? "No survivors." : "Survivors:",
    survivors
      .map(({ mutant, because }) => {
        const said = because.length > 0 ? ` (said: ${because.join(", ")})` : "";
        return `- \`${mutant}\`${said}: ${reasonFor(mutant) ?? "nobody has said why"}`;
      })
      .join("\n"),
    [
      "| operator | mistake | vectors | mutants | caught | none | left alone, because harmless |",
      "|---|---|---|---|---|---|---|",
      ...rows,
    ].join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}
