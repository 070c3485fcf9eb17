/**
 * Measures a project of one size: the command and the plain replay take turns, then one more run under watch for the memory of all processes.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { median } from "../measure/quantile.ts";
import type { TreePeak } from "./process-tree.ts";
import { replayPlainly } from "./plain-replay.ts";
import { projectOf } from "./project.ts";
import { type CheckRun, runCheck } from "./run-check.ts";

/** What one size took: medians over runs, unless it says otherwise. */
export interface CheckResult {
  readonly tables: number;
  readonly files: number;
  readonly lines: number;
  readonly statements: number;
  readonly runs: number;
  readonly wallMs: number;
  readonly slowestMs: number;
  /** Wall time by part of the check, of the median run. */
  readonly phases: Readonly<Record<string, number>>;
  readonly bootMs: number;
  readonly ownCpuMs: number;
  readonly treeCpuMs: number | null;
  /** The highest of all runs. */
  readonly peakMb: number;
  readonly tree: TreePeak | null;
  readonly attempts: number;
  readonly findings: number;
  /** Cells by verdict. */
  readonly cells: Readonly<Record<string, number>>;
  readonly plainMs: number;
  /** The replay of the check over the plain one. */
  readonly replayRatio: number;
  readonly postgres: string;
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** Counts; every statement of the project must run, or the figures are of something else. */
function checked({ report }: CheckRun): void {
  if (report.statements.failed.length > 0)
    throw new Error(`statements failed: ${JSON.stringify(report.statements.failed.slice(0, 3))}`);
}

/** Measures; `say` hears how far it is. */
export async function measureCheck(tables: number, runs: number, say: (text: string) => void): Promise<CheckResult> {
  const project = projectOf(tables);
  const folder = await mkdtemp(join(tmpdir(), "watertight-bench-"));
  try {
    await write(folder, project);
    const taken: CheckRun[] = [];
    const plain: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      taken.push(await runCheck(folder, false));
      checked(taken.at(-1)!);
      plain.push(await replayPlainly(project));
      say(
        `${tables} tables: ${(taken.at(-1)!.wallMs / 1000).toFixed(1)} s, the files alone ${plain.at(-1)!.toFixed(0)} ms`,
      );
    }
    const watched = await runCheck(folder, true);
    say(`${tables} tables: memory watched`);
    const sorted = taken.toSorted((a, b) => a.wallMs - b.wallMs);
    const middle = sorted[(sorted.length - 1) >> 1]!;
    const { report } = middle;
    const cells: Record<string, number> = {};
    for (const { verdict } of report.matrix) cells[verdict] = (cells[verdict] ?? 0) + 1;
    const cpu = taken.map(({ treeCpuMs }) => treeCpuMs).filter((one) => one !== null);
    const plainMs = Math.round(median(plain));
    return {
      tables,
      files: Object.keys(project).length,
      lines: Object.values(project).reduce((sum, text) => sum + text.split("\n").length - 1, 0),
      statements: report.statements.read,
      runs,
      wallMs: middle.wallMs,
      slowestMs: sorted.at(-1)!.wallMs,
      phases: report.timing,
      bootMs: report.server.bootMs,
      ownCpuMs: median(taken.map(({ ownCpuMs }) => ownCpuMs)),
      treeCpuMs: cpu.length === 0 ? null : median(cpu),
      peakMb: Math.max(...[...taken, watched].map(({ peakMb }) => peakMb)),
      tree: watched.tree,
      attempts: report.attacks.attempts,
      findings: report.findings.length,
      cells,
      plainMs,
      replayRatio: Math.round((median(taken.map((run) => run.report.timing["replay"] ?? 0)) / plainMs) * 10) / 10,
      postgres: report.server.version,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
