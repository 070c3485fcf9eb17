/**
 * The two helpdesk schemas, and a judgement of one the way a check makes it: replayed, without the rights that the throw-away server gave, all
 * rules. Must never know which finding is expected: that stands in flawed.sql and in expected.ts.
 */
import { readFile } from "node:fs/promises";
import { assembleFindings } from "../../src/check/assemble.ts";
import { factsFrom } from "../../src/check/facts.ts";
import { withoutSandboxRights } from "../../src/check/sandbox-rights.ts";
import { resolveOptions } from "../../src/config/resolve-options.ts";
import { OWNER } from "../../src/replay/sandbox.ts";
import type { Finding } from "../../src/report/report.ts";
import { runRules } from "../../src/rules/run-rules.ts";
import { migration, replayed } from "../support/replayed.ts";

/** One of the two files. */
export type Twin = "flawed" | "clean";

/** A line "-- flaw: VECTOR OBJECT". */
interface Mark {
  readonly id: string;
  readonly vector: string;
  readonly line: number;
  /** Line of the statement to blame; null where the flaw is what the file lacks: then an empty line follows the mark. */
  readonly blamed: number | null;
}

/** What was found in a file. */
export interface Judged {
  /** "line: state reason" of each statement that did not run. */
  readonly notRun: readonly string[];
  readonly findings: readonly Finding[];
  readonly ms: number;
}

/** The text of a file. */
export function readTwin(name: Twin): Promise<string> {
  return readFile(new URL(`${name}.sql`, import.meta.url), "utf8");
}

/** The marks of a file, in its order. */
export function marksOf(sql: string): Mark[] {
  const lines = sql.split("\n");
  return lines.flatMap((text, at) => {
    const [, vector, object] = /^-- flaw: (\S+) (.+)$/.exec(text) ?? [];
    if (vector === undefined || object === undefined) return [];
    // several marks may stand over one statement
    const below = lines.findIndex((line, index) => index > at && !line.startsWith("-- flaw: "));
    return [{ id: `${vector}-${object}`, vector, line: at + 1, blamed: lines[below] === "" ? null : below + 1 }];
  });
}

/** Replays a file and runs all rules. */
export async function judge(server: { readonly version: number }, name: Twin): Promise<Judged> {
  const sql = await readTwin(name);
  const start = performance.now();
  const replay = await replayed(server, [migration(sql, { name: "0001_helpdesk", file: `db/${name}.sql` })]);
  try {
    const facts = await factsFrom(
      withoutSandboxRights(replay.snapshot, replay.history, OWNER),
      replay.history,
      resolveOptions({}),
    );
    const findings = assembleFindings(
      runRules(facts).map((each) => ({
        ...each,
        vector: each.rule.id,
        title: each.rule.title,
        verdict: "UNVERIFIED" as const,
        attempt: null,
      })),
      replay.history,
      { accept: [], suppressions: [], file: "", baseline: new Set(), today: new Date() },
    );
    return {
      notRun: replay.statements.flatMap(({ place, outcome }) =>
        outcome.state === "ran" ? [] : [`${place.line}: ${outcome.state} ${outcome.reason}`],
      ),
      findings,
      ms: Math.round(performance.now() - start),
    };
  } finally {
    await replay.close();
  }
}
