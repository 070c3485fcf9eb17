/**
 * JUnit XML: a suite for each table, a case for each column of the matrix, and a suite of the findings that no cell stands for. Written by hand:
 * the usual builder's types do not fit its module and it brings 5 MB; all that it would do here is escape.
 */
import { matrixColumns } from "../matrix/matrix.ts";
import { leftOut } from "./ground.ts";
import { counts, objectText, openFindings, severities } from "./order.ts";
import type { Finding, Report } from "./report.ts";
import { visibleReport } from "./visible.ts";

interface Case {
  readonly className: string;
  readonly name: string;
  readonly file?: string | undefined;
  readonly state: "passed" | "failed" | "skipped";
  readonly kind?: string;
  readonly text: string;
}

/** The XML. */
export function junitReport(raw: Report): string {
  const report = visibleReport(raw);
  const suites = new Map<string, Case[]>();
  const add = (suite: string, one: Case): void => void suites.set(suite, [...(suites.get(suite) ?? []), one]);
  const cells = [...report.matrix.cells].sort(
    (a, b) => matrixColumns.indexOf(a.column) - matrixColumns.indexOf(b.column),
  );
  for (const { table, column, verdict, reason, attempts } of cells) {
    const className = `${table.schema}.${table.name}`;
    const leak = attempts.find(({ result }) => result === "leaked");
    add(`watertight matrix ${className}`, {
      className,
      name: column,
      state: verdict === "LEAK" ? "failed" : verdict === "BLOCKED" ? "passed" : "skipped",
      kind: verdict,
      text: leak === undefined ? (reason ?? "") : `${leak.name}: ${leak.evidence}`,
    });
  }
  for (const finding of openFindings(report))
    add("watertight findings", {
      className: finding.vector,
      name: `${finding.id}: ${finding.title}`,
      file: finding.place?.file,
      state: severities.indexOf(finding.severity) <= 1 ? "failed" : "passed",
      kind: finding.verdict,
      text: text(finding),
    });
  for (const finding of report.findings.filter((each) => !counts(each)))
    add("watertight findings", { className: finding.vector, name: finding.id, state: "skipped", text: "accepted" });
  for (const text of leftOut(report))
    add("watertight left out", { className: "watertight", name: text, state: "skipped", text });
  const all = [...suites.values()].flat();
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${attributes({ name: "watertight", ...totals(all) })}>
${[...suites].map(([name, cases]) => `<testsuite ${attributes({ name, ...totals(cases), ...timestamp(report) })}>\n${commitOf(report)}${cases.map(testCase).join("\n")}\n</testsuite>`).join("\n")}
</testsuites>
`;
}

// xs:dateTime without a zone, as the usual schema of JUnit wants it
const timestamp = ({ run }: Report): Record<string, string> =>
  run === undefined ? {} : { timestamp: run.at.replace(/(\.\d+)?Z$/, "") };

const commitOf = ({ run }: Report): string =>
  run?.commit ? `<properties><property ${attributes({ name: "commit", value: run.commit })}/></properties>\n` : "";

function totals(cases: readonly Case[]): Record<string, string> {
  const of = (state: Case["state"]): string => String(cases.filter((each) => each.state === state).length);
  return { tests: String(cases.length), failures: of("failed"), errors: "0", skipped: of("skipped") };
}

function testCase({ className, name, file, state, kind, text: content }: Case): string {
  const open = `<testcase ${attributes({ classname: className, name, ...(file === undefined ? {} : { file }) })}`;
  const first = content.split("\n", 1)[0]!;
  if (state === "failed")
    return `${open}><failure ${attributes({ type: kind ?? "", message: first })}>${escape(content)}</failure></testcase>`;
  if (state === "skipped") return `${open}><skipped ${attributes({ message: first })}/></testcase>`;
  return content === "" ? `${open}/>` : `${open}><system-out>${escape(content)}</system-out></testcase>`;
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(" ");
}

function text(finding: Finding): string {
  const at = finding.place === null ? "" : ` (${finding.place.file}:${finding.place.line})`;
  return `${finding.severity} ${finding.verdict} ${objectText(finding)}${at}\n${finding.message}\nFix: ${finding.fix}`;
}

// What XML 1.0 has no character for was written out before.
function escape(value: string): string {
  return value
    .replaceAll(/[\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
