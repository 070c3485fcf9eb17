// Every output of a report: what it must say, what it must never let through.
import { describe, expect, test } from "vitest";
import { readBaseline, writeBaseline } from "../../src/check/baseline.ts";
import { githubAnnotations, githubSummary, withoutCommands } from "../../src/report/github.ts";
import { gitlabReport } from "../../src/report/gitlab.ts";
import { htmlReport } from "../../src/report/html.ts";
import { jsonReport } from "../../src/report/json.ts";
import { junitReport } from "../../src/report/junit.ts";
import { markdownReport } from "../../src/report/markdown.ts";
import type { Cell } from "../../src/matrix/matrix.ts";
import { leftOut } from "../../src/report/ground.ts";
import type { Report } from "../../src/report/report.ts";
import { exitCodeOf, openFindings, severities } from "../../src/report/order.ts";
import { sarifReport } from "../../src/report/sarif.ts";
import { terminalReport } from "../../src/report/terminal.ts";
import { finding, nasty, sampleReport } from "./sample-report.ts";
import { sarifProblems } from "./schemas.ts";

const anchor = { file: "watertight.config.ts", line: 1 };
const accepted = { reason: "shared on purpose", until: "2027-01-01", where: "watertight.config.ts: accept[0]" };
const mean = sampleReport([
  finding({
    message: nasty,
    fix: nasty,
    evidence: [nasty],
    title: nasty,
    object: { kind: "policy", schema: "app", name: nasty, part: nasty },
  }),
  finding({ id: "B1-x", vector: "B1", verdict: "UNVERIFIED", severity: "medium", place: null, attempt: null }),
  finding({ id: "C8-x", vector: "C8", verdict: "UNVERIFIED", severity: "info", accepted }),
]);
const plainTerminal = { colour: false, width: 100, verbose: true };

describe("what counts", () => {
  test("the worst comes first, leaks before suspicions, accepted ones not at all", () => {
    const report = sampleReport([
      finding({ id: "1", severity: "medium" }),
      finding({ id: "2", severity: "critical", verdict: "UNVERIFIED" }),
      finding({ id: "3", severity: "critical" }),
      finding({ id: "4", severity: "critical", accepted }),
      finding({ id: "5", severity: "high", verdict: "UNVERIFIED", known: true }),
    ]);
    expect(openFindings(report).map(({ id }) => id)).toEqual(["3", "2", "1"]);
  });

  test("attacks that could not begin are no success", () => {
    const report = { ...sampleReport([]), seed: "x" };
    expect(exitCodeOf(report, "high", false)).toBe(0);
    expect(exitCodeOf({ ...report, matrix: { ...report.matrix, cells: [] } }, "high", false)).toBe(3);

    const all = (verdict: Cell["verdict"]): Report => ({
      ...report,
      matrix: { ...report.matrix, cells: report.matrix.cells.map((cell) => ({ ...cell, verdict })) },
    });
    expect((["UNVERIFIED", "UNRELIABLE"] as const).map((each) => exitCodeOf(all(each), "high", false))).toEqual([3, 3]);
    expect(exitCodeOf({ ...all("UNRELIABLE"), seed: undefined } as never, "high", false)).toBe(0);
    expect(leftOut(all("UNRELIABLE"))).toEqual([expect.stringContaining("decided nothing")]);
  });

  test("a schema in which nothing seems to be a tenant's decides nothing, unless its owner says so", () => {
    const report = { ...sampleReport([]), seed: "x" };
    const cells = report.matrix.cells.map((cell) => ({ ...cell, verdict: "EXEMPT" as const }));
    const shared = (source: "inferred" | "declared"): Report => ({
      ...report,
      understanding: {
        ...report.understanding,
        tables: [
          {
            relation: { schema: "public", name: "invoices" },
            tenancy: { kind: "global" },
            evidence: { source, because: [] },
          },
        ] as unknown as Report["understanding"]["tables"],
      },
      matrix: { ...report.matrix, cells },
    });
    expect(exitCodeOf(shared("inferred"), "high", false)).toBe(3);
    expect(leftOut(shared("inferred"))).toEqual([expect.stringContaining("No table seems to belong to a tenant")]);
    expect(exitCodeOf(shared("declared"), "high", false)).toBe(0);
  });

  test("what tools and platforms keep for themselves needs nobody's word", () => {
    const report = { ...sampleReport([]), seed: "x" };
    const table = (schema: string, name: string, source: "inferred" | "declared", because: string[] = []): unknown => ({
      relation: { schema, name },
      tenancy: { kind: "global" },
      evidence: { source, because },
      publicRows: null,
    });
    const of = (...tables: unknown[]): Report =>
      ({ ...report, understanding: { ...report.understanding, tables } }) as unknown as Report;
    const declared = [
      table("public", "countries", "declared"),
      table("public", "schema_migrations", "inferred"),
      table("auth", "audit_log_entries", "inferred"),
      table("public", "spatial_ref_sys", "inferred", ["belongs to the extension postgis"]),
    ];
    expect(exitCodeOf(of(...declared), "high", false)).toBe(0);
    expect(exitCodeOf(of(...declared, table("public", "prices", "inferred")), "high", false)).toBe(3);
  });

  test("a live database without tables, or with none that seems a tenant's, is no success", () => {
    const live = { role: "app", unreadable: [], rulesNotRun: [], probes: [] };
    const { seed: _, ...report } = { ...sampleReport([]), live, seed: undefined } as unknown as Report;
    const none = { ...report, tables: [], statements: { ...report.statements, failed: [], skipped: [] } };
    expect(exitCodeOf(none, "high", false)).toBe(3);
    expect(leftOut(none)).toEqual(expect.arrayContaining([expect.stringContaining("no table")]));
    expect(exitCodeOf(report, "high", false)).toBe(0);
  });

  test("no table and statements that failed are no success, also without attacks", () => {
    const report = { ...sampleReport([]), tables: [] };
    expect(exitCodeOf(report, "high", false)).toBe(3);
    const empty = { ...report, statements: { ...report.statements, failed: [], skipped: [] } };
    expect(exitCodeOf(empty, "high", false)).toBe(0);
    const left = { file: "1.sql", line: 1, text: "", reason: "not in the project", matters: true };
    const withLeft = (matters: boolean): Report =>
      ({ ...empty, statements: { ...empty.statements, skipped: [{ ...left, matters }] } }) as unknown as Report;
    expect([true, false].map((each) => exitCodeOf(withLeft(each), "high", false))).toEqual([3, 0]);
  });

  test.each(severities.map((severity, at) => [severity, at] as const))(
    "severity %s fails from its limit on",
    (severity, at) => {
      const report = sampleReport([finding({ severity, verdict: "UNVERIFIED" })]);
      for (const [limit, failOn] of severities.entries())
        expect(exitCodeOf(report, failOn, false)).toBe(at <= limit ? 1 : 0);
      expect(exitCodeOf(report, "never", false)).toBe(0);
    },
  );

  test("strict tells undecided cells and unread statements from a clean run", () => {
    const clean = sampleReport([]);
    expect(exitCodeOf(clean, "high", true)).toBe(4);
    const decided = {
      ...clean,
      matrix: { ...clean.matrix, cells: clean.matrix.cells.slice(0, 2) },
      statements: { ...clean.statements, failed: [] },
    };
    expect(exitCodeOf(decided, "high", true)).toBe(0);
  });

  test("a baseline hides what was there, but never a confirmed leak", () => {
    const known = readBaseline("b.json", writeBaseline([finding(), finding({ id: "E1-x", verdict: "UNVERIFIED" })]));
    expect([...known]).toEqual(["A1-invoices", "E1-x"]);
    const report = sampleReport([
      finding({ known: true }),
      finding({ id: "E1-x", verdict: "UNVERIFIED", known: true }),
    ]);
    expect(openFindings(report).map(({ id }) => id)).toEqual(["A1-invoices"]);
    expect(() => readBaseline("b.json", "{")).toThrow(/b\.json is no baseline/);
    expect(() => readBaseline("b.json", '{"schemaVersion":2,"findings":[]}')).toThrow(/update-baseline/);
  });
});

describe("names that steer", () => {
  const steering = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter((character) =>
    /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(character),
  );
  // a lone surrogate and a non-character: XML has neither
  const name = `in${steering.join("")}voices\ud800\uffff<a href='x'>]]>`;
  const hostile = sampleReport([
    finding({
      id: `A1-${name}`,
      title: name,
      message: name,
      fix: name,
      evidence: [name],
      object: { kind: "policy", schema: name, name, part: name },
      place: { file: `db/${name}.sql`, line: 3, column: 1 },
      migration: name,
      attempt: { ...finding().attempt!, name, evidence: name, role: name, repro: name },
    }),
    finding({ id: "B1-x", place: null, attempt: null, message: name }),
    finding({ id: "C8-x", severity: "info", accepted: { ...accepted, reason: name, where: name } }),
  ]);
  const report = {
    ...hostile,
    source: { ...hostile.source, folder: name },
    statements: {
      ...hostile.statements,
      failed: [{ file: name, line: 9, reason: name }],
      skipped: [{ file: name, line: 12, reason: name, matters: true }],
    },
    tables: [{ schema: name, name, tenancy: name, because: name }],
    matrix: {
      ...hostile.matrix,
      notes: [{ vector: "", text: name, attempt: null }],
      seeded: [{ table: { schema: name, name }, rows: 0, problem: name }],
      cells: hostile.matrix.cells.map((cell) => ({ ...cell, table: { schema: name, name }, reason: name })),
    },
  };
  const texts: readonly (readonly [format: string, text: string])[] = [
    ["terminal", terminalReport(report, plainTerminal)],
    ["json", jsonReport(report)],
    ["json of one line", jsonReport(report, 0)],
    ["sarif", sarifReport(report, anchor)],
    ["junit", junitReport(report)],
    ["github", githubAnnotations(report)],
    ["github summary", githubSummary(report)],
    ["gitlab", gitlabReport(report, anchor)],
    ["markdown", markdownReport(report)],
    ["html", htmlReport(report)],
  ];

  test.each(texts)("%s writes them out", (format, text) => {
    expect(steering).toHaveLength(65 + 12 + 2);
    const raw = steering.filter((character) => character !== "\n" && text.includes(character));
    expect(raw.map((character) => character.charCodeAt(0).toString(16))).toEqual([]);
    const shown = format === "markdown" || format === "github summary" ? text.replaceAll("\\\\", "\\") : text;
    for (const code of ["\\u001b", "\\u009b", "\\u202e", "\\u2066"]) expect(shown).toContain(code);
  });

  test("nothing of it is lost in JSON, and XML stays XML", () => {
    expect(JSON.parse(jsonReport(report)).findings[0].message).toBe(name);
    const xml = junitReport(report);
    expect(wellFormed(xml)).toBe(true);
    // Char of XML 1.0
    expect(xml).not.toMatch(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u);
  });
});

describe("outputs", () => {
  test("terminal: no control character of the data, all that matters", () => {
    const text = terminalReport(mean, plainTerminal);
    // oxlint-disable-next-line no-control-regex -- exactly those must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    for (const part of [
      "LEAK",
      "A1",
      "fix:",
      "db/migrations/0001 first.sql:3",
      "watertight repro A1-invoices",
      "1 statement was not replayed",
    ])
      expect(text).toContain(part);
    const colourful = terminalReport(mean, { ...plainTerminal, colour: true });
    expect(colourful).toContain("\u001b[31m");
    expect(colourful).toContain("\\u001b[31m");
    expect(terminalReport(sampleReport([]), plainTerminal)).toContain("No findings.");
  });

  test("an acceptance that does nothing stands in every output for people", () => {
    const report = {
      ...sampleReport([]),
      warnings: [
        {
          code: "WT_CONFIG_ACCEPT",
          kind: "expired",
          where: "db/0002.sql:7",
          file: "db/0002.sql",
          line: 7,
          id: "B21",
          text: "expired on 2026-01-01",
        },
      ],
    } as const;
    const line = "WT_CONFIG_ACCEPT db/0002.sql:7: B21 expired on 2026-01-01";
    expect(terminalReport(report, plainTerminal)).toContain(`  warning: ${line}\n`);
    expect(htmlReport(report)).toContain(`<li>${line}</li>`);
    expect(markdownReport(report)).toContain(`- ${line.replaceAll("_", "\\_")}`);
    expect(githubAnnotations(report)).toContain(`::warning file=db/0002.sql,line=7,title=accepted risk::${line}\n`);
    const [told] = JSON.parse(sarifReport(report, anchor)).runs[0].invocations[0].toolExecutionNotifications.slice(1);
    expect(told).toMatchObject({ level: "warning", message: { text: line } });
    expect(told.locations[0].physicalLocation.region.startLine).toBe(7);
  });

  test("HTML names date, commit and both versions", () => {
    const made = { at: "2026-11-21T10:20:30.123Z", commit: `${"ab".repeat(20)}-dirty` };
    const rows = (report: typeof mean): string[] =>
      [...htmlReport(report).matchAll(/<tr><th scope="row">(\w+)<\/th><td>(.+)<\/td><\/tr>/g)].map(
        ([, name, value]) => `${name}: ${value}`,
      );
    expect(rows({ ...mean, run: made }).slice(0, 4)).toEqual([
      "Date: 2026-11-21 10:20:30 UTC",
      `Commit: ${"ab".repeat(20)}, with changes that are not committed`,
      "Watertight: 0.1.0",
      "PostgreSQL: 18.4",
    ]);
    expect(rows({ ...mean, run: { ...made, commit: null } }).join()).not.toContain("Commit");
  });

  test("Markdown, the job summary, SARIF and JUnit name date and commit as well", () => {
    const commit = `${"ab".repeat(20)}-dirty`;
    const report = { ...mean, run: { at: "2026-11-21T10:20:30.123Z", commit } };
    const line = `Date: 2026-11-21 10:20:30 UTC · Commit: ${"ab".repeat(20)}, with changes that are not committed · Watertight: 0.1.0 · PostgreSQL: 18.4`;
    for (const text of [markdownReport(report), githubSummary(report)]) expect(text.split("\n")).toContain(line);
    const sarif = sarifReport(report, anchor);
    expect(JSON.parse(sarif).runs[0].invocations[0]).toMatchObject({
      endTimeUtc: "2026-11-21T10:20:30.123Z",
      properties: { commit },
    });
    expect(sarifProblems(JSON.parse(sarif))).toEqual([]);
    const xml = junitReport(report);
    expect(wellFormed(xml)).toBe(true);
    const suites = xml.split("<testsuite ").slice(1);
    expect(suites.length).toBeGreaterThan(1);
    for (const suite of suites) {
      expect(suite).toMatch(/^[^>]* timestamp="2026-11-21T10:20:30">/);
      expect(suite.split("\n")[1]).toBe(`<properties><property name="commit" value="${commit}"/></properties>`);
    }
    expect(`${sarifReport(mean, anchor)}${junitReport(mean)}`).not.toMatch(/endTimeUtc|timestamp=|"commit"/);
  });

  test("the columns of the matrix are explained where it is shown", () => {
    for (const text of [terminalReport(mean, plainTerminal), markdownReport(mean), htmlReport(mean)])
      expect(text).toContain("side-door through a view");
  });

  test("the way to protect is shown only where it leads somewhere", () => {
    const next = "fix:      watertight protect";
    expect(terminalReport({ ...sampleReport(), fixable: ["A1-invoices"] }, plainTerminal)).toContain(next);
    expect(terminalReport({ ...sampleReport(), fixable: ["A1-other"] }, plainTerminal)).not.toContain(next);
    const quiet = sampleReport([finding({ accepted })]);
    expect(terminalReport({ ...quiet, fixable: ["A1-invoices"] }, plainTerminal)).not.toContain(next);
  });

  test("JSON is the report", () => {
    const { findings, matrix, attacks, ...rest } = JSON.parse(jsonReport(mean));
    const { findings: own, matrix: ownMatrix, ...ownRest } = mean;
    expect(rest).toEqual(ownRest);
    expect(findings[0]).toEqual({ ...own[0], file: own[0]!.place!.file, line: own[0]!.place!.line });
    expect(findings[1]).toMatchObject({ place: null, file: null, line: null });
    const { cells, ...others } = ownMatrix;
    expect(attacks).toEqual(others);
    expect(matrix).toEqual(
      cells.map(({ table, ...cell }) => ({
        ...cell,
        table: `${table.schema}.${table.name}`,
        vector: cell.attempts[0]?.vector ?? null,
      })),
    );
  });

  test("SARIF: a place for every result, a rule for every index, suppressions", () => {
    const log = JSON.parse(sarifReport(mean, anchor));
    const [run] = log.runs;
    expect(log.version).toBe("2.1.0");
    for (const result of run.results) {
      const [{ physicalLocation }] = result.locations;
      expect(physicalLocation.region.startLine).toBeGreaterThan(0);
      expect(physicalLocation.artifactLocation.uri).not.toMatch(/^\/|[ <>"]|^\w+:/);
      expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
      expect(["error", "warning", "note"]).toContain(result.level);
      expect(Object.keys(result.partialFingerprints)).toEqual(["watertight/v1"]);
    }
    expect(run.results[1].locations[0].physicalLocation.artifactLocation.uri).toBe("watertight.config.ts");
    expect(run.results.map((result: { suppressions?: unknown[] }) => result.suppressions?.length ?? 0)).toEqual([
      0, 0, 1,
    ]);
    expect(run.invocations[0].toolExecutionNotifications).toHaveLength(1);
  });

  test("JUnit is well-formed and counts", () => {
    const xml = junitReport(mean);
    expect(wellFormed(xml)).toBe(true);
    expect(xml).not.toContain("\u001b");
    expect(xml).toMatch(
      /<testsuite name="watertight matrix public.invoices" tests="3" failures="1" errors="0" skipped="1">/,
    );
    expect(wellFormed("<a><b></a>")).toBe(false);
  });

  test("GitHub: ten of a kind, the worst first, nothing breaks out of a line", () => {
    const many = sampleReport(Array.from({ length: 25 }, (_, at) => finding({ id: `A1-${at}`, message: nasty })));
    const all = githubAnnotations(many).trimEnd().split("\n");
    const unread = all.filter((line) => line.includes("title=not replayed"));
    expect(unread).toEqual(
      many.statements.failed.map(({ line }) => expect.stringMatching(`^::warning file=.*,line=${line},`)),
    );
    const lines = all.filter((line) => !unread.includes(line));
    expect(lines).toHaveLength(10);
    for (const line of lines) expect(line).toMatch(/^::error [^\n]*::/);
    expect(lines.at(-1)).toContain("16 more");
    expect(lines[0]).toContain("file=db/migrations/0001 first.sql,line=3,col=1");
    expect(githubSummary(many).length).toBeLessThan(1_000_000);
  });

  test("GitHub: a name that looks like a command is none", () => {
    const lines = withoutCommands("a\n::error::b\n").split("\n");
    const [, token = ""] = /^::stop-commands::([0-9a-f]{32})$/.exec(lines[0]!) ?? [];
    expect(lines.slice(1)).toEqual(["a", "::error::b", `::${token}::`, ""]);
    expect(withoutCommands("")).not.toContain(token);
  });

  test("GitLab: an array of issues with fingerprints of their own", () => {
    const issues = JSON.parse(gitlabReport(mean, anchor));
    expect(issues.map((issue: { severity: string }) => issue.severity)).toEqual(["blocker", "major"]);
    expect(new Set(issues.map((issue: { fingerprint: string }) => issue.fingerprint)).size).toBe(2);
    expect(issues[1].location).toEqual({ path: "watertight.config.ts", lines: { begin: 1 } });
  });

  test("Markdown: no markup, no broken table", () => {
    const text = markdownReport(mean);
    // What stands in a code span is shown as it is.
    expect(text.replaceAll(/`[^`]*`/g, "")).not.toContain("<script");
    expect(text).not.toMatch(/\p{Cf}/u);
    const rows = text.split("\n").filter((line) => line.startsWith("| critical"));
    expect(rows).toHaveLength(1);
    expect(rows[0]!.replaceAll("\\|", "").split("|")).toHaveLength(9);
    expect(text).toContain("shared on purpose");
  });

  test("a fix of several lines keeps them: a comment swallows no statement", () => {
    const lines = ["-- put yours in its place", "create policy a on b;", "alter table b enable row level security;"];
    const report = sampleReport([finding({ fix: lines.join("\n") })]);
    expect(markdownReport(report)).toContain(` | ${lines.map((line) => `\`${line}\``).join("<br>")} |`);
    expect(JSON.parse(gitlabReport(report, anchor))[0].content.body).toBe(`\`\`\`sql\n${lines.join("\n")}\n\`\`\``);
    expect(githubAnnotations(report)).toContain(lines.join("%0A"));
    for (const text of [htmlReport(report), junitReport(report)]) expect(text).toContain(lines.join("\n"));
    expect(JSON.parse(sarifReport(report, anchor)).runs[0].results[0].message.text).toContain(lines.join("\n"));
    expect(
      terminalReport(report, plainTerminal)
        .split("\n")
        .map((line) => line.trim()),
    ).toEqual(expect.arrayContaining([`fix: ${lines[0]}`, ...lines.slice(1)]));
    const fenced = JSON.parse(gitlabReport(sampleReport([finding({ fix: "say ```no```" })]), anchor))[0].content.body;
    expect(fenced).toMatch(/^````sql\n[^]*\n````$/);
  });

  test("HTML: one file, no script, nothing from elsewhere", () => {
    const page = htmlReport(mean);
    expect(page).not.toMatch(/<script|src=|href=|url\(|@import/i);
    expect(page).toContain("&lt;script&gt;");
    expect(page).toContain("default-src 'none'");
    expect(page.match(/<article/g)).toHaveLength(2);
  });
});

/** Tags nest and attributes are quoted; enough to see that escaping holds. */
function wellFormed(xml: string): boolean {
  const open: string[] = [];
  const body = xml.replace(/^<\?xml[^>]*\?>/, "");
  const tag = /<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  let at = 0;
  for (const match of body.matchAll(tag)) {
    if (match.index !== at) return false;
    at += match[0].length;
    const [, closing, name, , empty, text] = match;
    if (text !== undefined) {
      if (/&(?!(?:amp|lt|gt|quot);)/.test(text)) return false;
    } else if (closing === "/") {
      if (open.pop() !== name) return false;
    } else if (empty !== "/") open.push(name!);
  }
  return at === body.length && open.length === 0;
}
