// `watertight check` as people call it for the first time: exit codes, files, wrong words, and the commands that come after.
import { readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { capture } from "./support/capture.ts";
import { clean, open, projectForEach } from "./support/project.ts";

describe("watertight check", () => {
  const project = projectForEach();

  it("finds the table without row security, at its statement, and explains it", async () => {
    await project.put({ "migrations/0001_first.sql": clean, "migrations/0002_files.sql": open });
    const result = await project.wt("check");
    expect([result.exitCode, result.out]).toEqual([1, expect.stringContaining("A1")]);
    expect(result.out).toContain("migrations/0002_files.sql:1");
    expect(result.err).toContain("2 migrations");
    const [json, explained, missing] = [
      await project.wt(
        "check",
        "--json",
        "--report",
        "sarif=out/w.sarif",
        "--report",
        "html=out/w.html",
        "--exit-zero",
      ),
      await project.wt("explain", "A1-app.files"),
      await project.wt("explain", "A1-app.nothing"),
    ];
    expect(json.exitCode).toBe(0);
    const report = json.json();
    expect(report).toMatchObject({ schemaVersion: 1, statements: { failed: [] } });
    const found = report.findings.find((finding: { id: string }) => finding.id === "A1-app.files");
    expect(found).toMatchObject({ vector: "A1", migration: "0002_files", place: { line: 1 } });
    expect([explained.err, explained.out]).toEqual(["", expect.stringContaining("migrations/0002_files.sql:1")]);
    expect(explained.out).toContain("## ");
    expect(missing.exitCode).toBe(2);
    expect(JSON.parse(await readFile(join(project.folder, "out/w.sarif"), "utf8")).version).toBe("2.1.0");
    expect(await readFile(join(project.folder, "out/w.html"), "utf8")).toContain("<!doctype html>");
    // nothing else was written
    expect((await readdir(project.folder)).sort()).toEqual([".watertight", "migrations", "out"]);
    expect((await project.wt("check", "--report", "sarif")).exitCode).toBe(2);
    expect((await project.wt("check", "--report", "word=x")).exitCode).toBe(2);
  });

  it("follows no link out of the project, and takes nothing else for a report", async () => {
    await project.put({ "migrations/0001_first.sql": clean, ".watertight/x": "", "outside.json": '{"findings":5}' });
    await symlink(join(project.folder, "outside.json"), join(project.folder, ".watertight/last.json"));
    const wrong = await project.wt("explain", "A1-app.files");
    expect([wrong.exitCode, wrong.err]).toEqual([2, expect.stringContaining("Run: watertight check")]);
    expect((await project.wt("check", "--no-attack")).exitCode).toBe(0);
    expect(await readFile(join(project.folder, "outside.json"), "utf8")).toBe('{"findings":5}');
  });

  it("is quiet on the clean schema", async () => {
    await project.put({ "migrations/0001_first.sql": clean });
    const result = await project.wt("check", "--json");
    const findings = result.json().findings as { id: string; severity: string }[];
    expect(findings.filter(({ severity }) => severity === "critical" || severity === "high")).toEqual([]);
    expect(result.exitCode).toBe(0);
  });

  it("says what is wrong with what it is given", async () => {
    const none = await project.wt("check");
    expect([none.exitCode, none.err]).toEqual([2, expect.stringContaining("WT_CHECK_NO_MIGRATIONS")]);
    await project.put({ "migrations/0001_first.sql": clean, "watertight.config.json": '{ "failon": "high" }' });
    const config = await project.wt("check");
    expect([config.exitCode, config.err]).toEqual([2, expect.stringContaining("failOn")]);
    await project.put({
      "other.json": '{ "failon": "high", "tenant": { "colum": "x" }, "strict": 1, "accept": [{ "rule": "A1" }] }',
    });
    const several = await project.wt("check", "--config", "other.json");
    expect(several.exitCode).toBe(2);
    expect(several.err.trimEnd().split("\n")).toEqual([
      "WT_CONFIG_OPTION: 6 problems",
      "  other.json: tenant.colum is not an option; did you mean tenant.column?",
      "  other.json: strict must be a boolean, it is 1",
      "  other.json: accept[0].target is missing",
      "  other.json: accept[0].reason is missing",
      "  other.json: accept[0].expires is missing",
      "  other.json: failon is not an option; did you mean failOn?",
      "Correct the option; all of them stand in docs/config.md.",
    ]);
    const { error } = (await project.wt("check", "--json", "--config", "other.json")).json();
    expect(error.problems).toHaveLength(6);
    expect(error.message).toContain("failon is not an option; did you mean failOn?");
    expect((await capture(["repro", "A1-x"], { cwd: join(project.folder, "migrations") })).exitCode).toBe(2);
  });

  it("refuses a configuration that names what is not there", async () => {
    await project.put({ "migrations/0001_first.sql": clean, "watertight.config.json": '{ "global": ["nothing"] }' });
    const result = await project.wt("check");
    expect([result.exitCode, result.err]).toEqual([2, expect.stringContaining("WT_CONFIG_NAME")]);
  });

  it("prints the options and where they come from", async () => {
    await project.put({ "watertight.config.json": '{ "failOn": "never" }' });
    const printed = await project.wt("config", "print", "--origin", "--json");
    expect(printed.exitCode).toBe(0);
    expect(printed.json()).toMatchObject({
      inferred: [],
      notInferred: expect.stringContaining("WT_CHECK_NO_MIGRATIONS"),
    });
    expect(printed.json().options).toContainEqual({
      path: "failOn",
      value: "never",
      origin: { from: "config", name: "watertight.config.json" },
    });
  });
});
