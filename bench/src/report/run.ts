/**
 * The frame of a benchmark: its clock and its machine at the start, its report at the end, printed and written where it was asked for.
 */
import { describeMachine, describeVersions, loadNow } from "../environment/machine.ts";
import type { Goal } from "../hot-path/goals.ts";
import { type Head, type Page, pageMarkdown, pageText } from "./page.ts";
import { progress } from "./progress.ts";
import { writeReport } from "./write.ts";

/** What a run was asked for. */
export interface RunOptions {
  readonly quick: boolean;
  readonly json: boolean;
  /** Write the report to this file as well, and a Markdown table beside it. */
  readonly out: string | undefined;
}

/** A run that has begun. */
export interface BenchRun {
  /** Tells a waiting person how far it is. */
  say(text: string): void;
  /** Ends it with what was measured. */
  end<T extends object>(name: string, measured: Measured<T>, page: (report: Head & T) => Page): void;
}

/** What a run found. */
interface Measured<T> {
  /** Version of the server; "none" without one. */
  readonly postgres: string;
  readonly goals: readonly Goal[];
  /** The rest of the report. */
  readonly body: T;
}

/** Begins a run. */
export function beginRun({ quick, json, out }: RunOptions): BenchRun {
  const started = performance.now();
  const say = progress();
  const machine = describeMachine();
  return {
    say,
    end(name, { postgres, goals, body }, page) {
      const report = {
        benchmark: name,
        mode: quick ? ("quick" as const) : ("full" as const),
        date: new Date().toISOString(),
        machine: { ...machine, load: { start: machine.load.start, end: loadNow() } },
        versions: describeVersions(postgres),
        ...body,
        goals,
        seconds: Math.round((performance.now() - started) / 100) / 10,
      };
      if (out !== undefined) writeReport(out, report, pageMarkdown(report, page(report)));
      console.log(json ? JSON.stringify(report) : pageText(report, page(report)));
    },
  };
}
