/**
 * What is the matter with accepted risks: those that have run out, those that mean nothing that was found, those that are written wrongly. An
 * acceptance that does nothing must never be silent: its owner believes that it does something. Pure.
 */
import { type Acceptable, covers, meets } from "../config/acceptance.ts";
import { expiryProblem } from "../config/expiry.ts";
import type { SuppressionProblem } from "../config/suppressions.ts";
import type { ReportWarning } from "../report/report.ts";
import type { Acceptances } from "./assemble.ts";

/** What the acceptances are compared with. */
export interface Judged {
  readonly findings: readonly Acceptable[];
  readonly problems: readonly SuppressionProblem[];
  /** Name of the file of the baseline. */
  readonly baselineFile: string;
  /** Whether all that can be found was looked for: with attacks, on migrations. Otherwise nobody knows what matches nothing. */
  readonly complete: boolean;
}

const code = "WT_CONFIG_ACCEPT";

/** The warnings, those of the configuration first. */
export function acceptanceWarnings(
  { accept, suppressions, file, baseline, today }: Acceptances,
  { findings, problems, baselineFile, complete }: Judged,
): ReportWarning[] {
  const judge = (
    at: Pick<ReportWarning, "where" | "file" | "line" | "id">,
    expires: string,
    matched: readonly Acceptable[],
    elsewhere: string,
  ): ReportWarning[] => {
    const late = expiryProblem(expires, today, Number.POSITIVE_INFINITY);
    const nothing = matched.length === 0 && complete;
    if (late === null && !nothing) return [];
    const what =
      late === null
        ? `accepts nothing: no finding matches it${elsewhere}`
        : `${late.text} and accepts nothing any more${nothing ? "; no finding matches it, so it can go" : matched.length === 0 ? "" : `: ${matched.map(({ id }) => id).join(", ")} counts`}`;
    return [{ code, kind: late === null ? "unmatched" : "expired", ...at, text: what }];
  };
  return [
    ...accept.flatMap((entry, at) =>
      judge(
        { where: `${file}: accept[${at}]`, file, line: null, id: `${entry.rule} ${entry.target}` },
        entry.expires,
        findings.filter((finding) => meets(entry, finding)),
        otherTargets(entry.rule, findings),
      ),
    ),
    ...suppressions.flatMap((each) =>
      each.rules.flatMap((rule) =>
        judge(
          { where: `${each.file}:${each.line}`, file: each.file, line: each.line, id: rule },
          each.until,
          findings.filter((finding) => finding.vector === rule && covers(each, finding)),
          otherPlaces(rule, findings),
        ),
      ),
    ),
    ...problems.map(({ file: of, line, text }): ReportWarning => ({
      code,
      kind: "invalid",
      where: `${of}:${line}`,
      file: of,
      line,
      id: "watertight:ignore",
      text,
    })),
    ...(complete ? goneFromBaseline(baseline, findings, baselineFile) : []),
  ];
}

const listed = (names: readonly string[]): string =>
  names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");

function otherTargets(rule: string, findings: readonly Acceptable[]): string {
  const found = findings.filter(({ vector }) => vector === rule).map(({ id }) => id);
  return found.length === 0 ? ` (${rule} was found nowhere)` : ` (${rule} was found as ${listed(found)})`;
}

function otherPlaces(rule: string, findings: readonly Acceptable[]): string {
  const found = findings.flatMap(({ vector, place }) =>
    vector === rule && place !== null ? [`${place.file}:${place.line}`] : [],
  );
  return found.length === 0 ? ` (${rule} was found nowhere)` : ` (${rule} was found at ${listed([...new Set(found)])})`;
}

function goneFromBaseline(
  baseline: ReadonlySet<string>,
  findings: readonly Acceptable[],
  file: string,
): ReportWarning[] {
  const there = new Set(findings.map(({ id }) => id));
  const gone = [...baseline].filter((id) => !there.has(id));
  if (gone.length === 0) return [];
  const text = `${gone.length === 1 ? "is a known finding that is" : "are known findings that are"} there no more: watertight check --update-baseline`;
  return [{ code, kind: "unmatched", where: file, file, line: null, id: listed(gone), text }];
}
