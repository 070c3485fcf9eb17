/**
 * One HTML file without anything from elsewhere: no script, no font, no picture. Light and dark, prints well. Must never let a value become
 * markup: everything passes through `escape`.
 */
import { matrixColumns } from "../matrix/matrix.ts";
import { groundText, leftOut, workText } from "./ground.ts";
import { madeRows } from "./made.ts";
import { headline } from "./markdown.ts";
import { columnLegend, legend, marks, matrixRows } from "./matrix-rows.ts";
import { counts, objectText, openFindings, warningText } from "./order.ts";
import type { Finding, Report } from "./report.ts";
import { visibleReport } from "./visible.ts";

const style = `
:root { color-scheme: light dark; --line: #8884; --bad: #b3261e; --good: #1b6e3c; --unsure: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #7fd6a0; --unsure: #ffc66d; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
.made { width: auto; }
.matrix td { text-align: center; white-space: nowrap; }
.LEAK { color: var(--bad); font-weight: 700; } .BLOCKED { color: var(--good); } .UNVERIFIED, .UNRELIABLE { color: var(--unsure); }
article { border: 1px solid var(--line); border-left: .4rem solid var(--line); padding: .2rem 1rem .8rem; margin: 1rem 0; break-inside: avoid; }
article.critical, article.high { border-left-color: var(--bad); } article.medium { border-left-color: var(--unsure); }
pre { overflow: auto; background: #8881; padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media print { body { max-width: none; margin: 0; } details[open] > summary { display: none; } }
`;

/** The page. */
export function htmlReport(raw: Report): string {
  const report = visibleReport(raw);
  const open = openFindings(report);
  const quiet = report.findings.filter((finding) => !counts(finding));
  const { source, statements } = report;
  const unread = [...statements.failed, ...statements.skipped.filter(({ matters }) => matters)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Watertight: tenant isolation of ${escape(source.folder)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Tenant isolation of ${escape(source.folder)}</h1>
<p><strong>${escape(headline(report))}</strong></p>
<p>${escape(groundText(report))}: ${escape(workText(report))}.</p>
${madeTable(report)}
${section("Left out", leftOut(report))}
${matrixTable(report)}
${open.length === 0 ? "" : `<h2>Findings</h2>\n${open.map(article).join("\n")}`}
${section(
  "Accepted or in the baseline",
  quiet.map(
    (finding) =>
      `${finding.id}: ${finding.accepted === null ? "baseline" : `${finding.accepted.reason} (until ${finding.accepted.until})`}`,
  ),
)}
${section("Warnings", report.warnings.map(warningText))}
${section(
  "Not replayed",
  unread.map(({ file, line, reason }) => `${file}:${line} ${reason}`),
)}
<h2>How the schema was understood</h2>
<table><caption>Tables</caption><thead><tr><th scope="col">table</th><th scope="col">tenancy</th><th scope="col">because</th></tr></thead><tbody>
${report.tables.map(({ schema, name, tenancy, because }) => `<tr><th scope="row">${escape(`${schema}.${name}`)}</th><td>${escape(tenancy)}</td><td>${escape(because)}</td></tr>`).join("\n")}
</tbody></table>
${section(
  "Always there: channels of every database, not findings",
  report.residuals.map(({ vector, text }) => `${vector}: ${text}`),
)}
</main>
</body>
</html>
`;
}

function madeTable(report: Report): string {
  return `<table class="made"><tbody>
${madeRows(report)
  .map(([name, value]) => `<tr><th scope="row">${escape(name)}</th><td>${escape(value)}</td></tr>`)
  .join("\n")}
</tbody></table>`;
}

function matrixTable(report: Report): string {
  const rows = matrixRows(report);
  if (rows.length === 0) return "";
  return `<table class="matrix"><caption>Matrix of attacks</caption>
<thead><tr><th scope="col">table</th>${matrixColumns.map((column) => `<th scope="col">${column}</th>`).join("")}</tr></thead>
<tbody>
${rows
  .map(
    ({ table, cells }) =>
      `<tr><th scope="row">${escape(table)}</th>${cells
        .map(
          ({ verdict, reason }) =>
            `<td class="${verdict.replaceAll(/\W/g, "")}"${reason === null ? "" : ` title="${escape(reason)}"`}>${marks[verdict]}</td>`,
        )
        .join("")}</tr>`,
  )
  .join("\n")}
</tbody></table>
<p>${escape(legend)}</p>
<p>${escape(columnLegend)}</p>`;
}

function article(finding: Finding): string {
  const { place, attempt } = finding;
  return `<article class="${finding.severity}" id="${escape(finding.id)}">
<h3>${escape(finding.verdict)} ${escape(finding.vector)} ${escape(objectText(finding))} (${finding.severity})</h3>
<p>${escape(finding.message)}</p>
${place === null ? "" : `<p>${escape(place.file)}:${place.line}</p>`}
<p>Fix:</p><pre>${escape(finding.fix)}</pre>
${finding.evidence.length === 0 ? "" : `<details><summary>Evidence</summary><ul>${finding.evidence.map((each) => `<li>${escape(each)}</li>`).join("")}</ul></details>`}
${attempt === null ? "" : `<details><summary>${escape(attempt.name)}: ${escape(attempt.evidence)}</summary><pre>${escape(attempt.repro)}</pre></details>`}
</article>`;
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `<h2>${escape(title)}</h2>\n<ul>${lines.map((line) => `<li>${escape(line)}</li>`).join("\n")}</ul>`;
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
