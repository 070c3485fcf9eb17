/**
 * The baseline: findings that were there when a project began to check. Only new ones fail a run. Must never hide a confirmed leak: that one is
 * listed, and fails all the same.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Finding } from "../report/report.ts";

const shape = z.strictObject({
  schemaVersion: z.literal(1),
  findings: z.array(z.strictObject({ id: z.string(), severity: z.string(), verdict: z.string() })),
});

/** A baseline that can't be read. */
class BaselineError extends Error {
  readonly code = "WT_CHECK_BASELINE";
  readonly exitCode: number = 2;
  readonly hint = "Write it anew: watertight check --update-baseline";

  constructor(file: string, problem: string) {
    super(`${file} is no baseline: ${problem}. Write it anew: watertight check --update-baseline`);
    this.name = "BaselineError";
  }
}

/** The ids of a baseline's text. @throws BaselineError */
export function readBaseline(file: string, text: string): ReadonlySet<string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BaselineError(file, (error as Error).message);
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw new BaselineError(file, parsed.error.issues[0]?.message ?? "another shape");
  return new Set(parsed.data.findings.map(({ id }) => id));
}

/** The baseline of a project; empty where there is none yet. @throws BaselineError */
export async function baselineOf(root: string, file: string): Promise<ReadonlySet<string>> {
  const text = await readFile(join(root, file), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? new Set() : readBaseline(file, text);
}

/** The text for these findings, in an order that does not change by itself; accepted ones have their own place. */
export function writeBaseline(findings: readonly Finding[]): string {
  const entries = findings
    .filter(({ accepted }) => accepted === null)
    .map(({ id, severity, verdict }) => ({ id, severity, verdict }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return `${JSON.stringify({ schemaVersion: 1, findings: entries }, null, 2)}\n`;
}
