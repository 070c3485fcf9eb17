// `watertight check` and what belongs to it, as people call them: exit codes, files, the commands that come after.
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { capture, type Captured } from "./support/capture.ts";

const clean = `
create role shop_owner nologin;
create role shop_app login;
create schema app authorization shop_owner;
grant usage on schema app to shop_app;
create table app.tenants (id uuid primary key);
create table app.invoices (tenant_id uuid not null references app.tenants, id uuid not null, total numeric, primary key (tenant_id, id));
alter table app.tenants owner to shop_owner;
alter table app.invoices owner to shop_owner;
alter table app.tenants enable row level security;
alter table app.tenants force row level security;
alter table app.invoices enable row level security;
alter table app.invoices force row level security;
create policy own on app.tenants as restrictive to public using (id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy open on app.tenants to public using (true);
create policy own on app.invoices as restrictive to public using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy open on app.invoices to public using (true);
grant select on app.tenants to shop_app;
grant select, insert, delete on app.invoices to shop_app;
grant update (total) on app.invoices to shop_app;
`;
const open = `create table app.files (tenant_id uuid not null references app.tenants, id uuid not null, name text, primary key (tenant_id, id));
alter table app.files owner to shop_owner;
grant select, insert on app.files to shop_app;
`;

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

describe("watertight check", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "watertight-check-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const put = async (files: Record<string, string>): Promise<void> => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
  };
  const wt = (...argv: string[]): Promise<Captured> => capture(argv, { cwd: folder });

  it("finds the table without row security, at its statement, and explains it", async () => {
    await put({ "migrations/0001_first.sql": clean, "migrations/0002_files.sql": open });
    const result = await wt("check");
    expect([result.exitCode, result.out]).toEqual([1, expect.stringContaining("A1")]);
    expect(result.out).toContain("migrations/0002_files.sql:1");
    expect(result.err).toContain("2 migrations");
    const [json, explained, missing] = [
      await wt("check", "--json", "--report", "sarif=out/w.sarif", "--report", "html=out/w.html", "--exit-zero"),
      await wt("explain", "A1-app.files"),
      await wt("explain", "A1-app.nothing"),
    ];
    expect(json.exitCode).toBe(0);
    const report = json.json();
    expect(report).toMatchObject({ schemaVersion: 1, statements: { failed: [] } });
    const found = report.findings.find((finding: { id: string }) => finding.id === "A1-app.files");
    expect(found).toMatchObject({ vector: "A1", migration: "0002_files", place: { line: 1 } });
    expect([explained.err, explained.out]).toEqual(["", expect.stringContaining("migrations/0002_files.sql:1")]);
    expect(explained.out).toContain("## ");
    expect(missing.exitCode).toBe(2);
    expect(JSON.parse(await readFile(join(folder, "out/w.sarif"), "utf8")).version).toBe("2.1.0");
    expect(await readFile(join(folder, "out/w.html"), "utf8")).toContain("<!doctype html>");
    // nothing else was written
    expect((await readdir(folder)).sort()).toEqual([".watertight", "migrations", "out"]);
    expect((await wt("check", "--report", "sarif")).exitCode).toBe(2);
    expect((await wt("check", "--report", "word=x")).exitCode).toBe(2);
  });

  it("follows no link out of the project, and takes nothing else for a report", async () => {
    await put({ "migrations/0001_first.sql": clean, ".watertight/x": "", "outside.json": '{"findings":5}' });
    await symlink(join(folder, "outside.json"), join(folder, ".watertight/last.json"));
    const wrong = await wt("explain", "A1-app.files");
    expect([wrong.exitCode, wrong.err]).toEqual([2, expect.stringContaining("Run: watertight check")]);
    expect((await wt("check", "--no-attack")).exitCode).toBe(0);
    expect(await readFile(join(folder, "outside.json"), "utf8")).toBe('{"findings":5}');
  });

  it("is no success where nothing ran, where there is no table, and where nothing is anybody's", async () => {
    await put({ "migrations/0001_first.sql": "alter table nowhere add x int;\nselect from nowhere;\n" });
    const none = await wt("check", "--no-attack");
    expect([none.exitCode, none.err]).toEqual([3, expect.stringContaining("WT_CHECK_NOTHING_RAN")]);
    expect(none.err).toContain("migrations/0001_first.sql:1 ");
    await put({ "migrations/0001_first.sql": "create role app;\ncreate table t (id int, x nowhere);\n" });
    const empty = await wt("check", "--no-attack");
    expect([empty.exitCode, empty.out]).toEqual([3, expect.stringContaining("nothing was judged")]);
    await put({
      "migrations/0001_first.sql": "create role app login;\ncreate table t (id int);\ngrant select on t to app;",
    });
    const nobody = await wt("check");
    expect([nobody.exitCode, nobody.out]).toEqual([3, expect.stringContaining("The attacks decided nothing")]);
    await put({ "watertight.config.json": '{ "global": ["t"] }' });
    expect((await wt("check")).exitCode).toBe(0);
  });

  it("is quiet on the clean schema", async () => {
    await put({ "migrations/0001_first.sql": clean });
    const result = await wt("check", "--json");
    const findings = result.json().findings as { id: string; severity: string }[];
    expect(findings.filter(({ severity }) => severity === "critical" || severity === "high")).toEqual([]);
    expect(result.exitCode).toBe(0);
  });

  it("names the migration that opened a finding, and what changed since a commit", { timeout: 180_000 }, async () => {
    await put({ "migrations/0001_first.sql": clean });
    const git = (...args: string[]): void =>
      void execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { cwd: folder });
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "first");
    await put({
      "migrations/0002_files.sql": open,
      "migrations/0003_more.sql": "create table app.plans (id int primary key);",
    });
    const bisected = await wt("bisect", "A1-app.files", "--no-attack", "--json");
    expect(bisected.json()).toMatchObject({ finding: "A1-app.files", migration: "0002_files" });
    expect((await wt("bisect", "A1-app.plains", "--no-attack")).exitCode).toBe(2);
    const since = await wt("check", "--against", "HEAD", "--json");
    expect(since.json().diff.newFindings.map((finding: { id: string }) => finding.id)).toContain("A1-app.files");
    expect(since.json().diff.tables.added.sort()).toEqual(["app.files", "app.plans"]);
    const summary = join(folder, "summary.md");
    const both = await capture(["ci", "--against", "HEAD", "--checklist"], {
      cwd: folder,
      env: { GITHUB_STEP_SUMMARY: summary },
    });
    const order = [
      "confirmed by attack",
      "watertight repro",
      "\n\nChanged since HEAD\n",
      "  new   ",
      "\n\nAudit checklist\n",
      "FAIL",
    ];
    const places = order.map((each) => both.out.indexOf(each));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(both.out.trimEnd()).toMatch(/Audit checklist\n(?:(?:PASS|FAIL|UNVERIFIED) .*\n?| {11}.*\n?)+$/);
    expect(await readFile(summary, "utf8")).toMatch(
      /## Changed since HEAD\n\n```text\n\d+ new findings?, 0 gone, \+2 tables, \d+ cells changed/,
    );
    expect(both.out).toMatch(/ {2}cell {2}app\.files read: not there -> LEAK\n/);
    expect(both.out).not.toContain("app.plans read");
    git("checkout", "-q", "--orphan", "empty");
    git("rm", "-rq", "--cached", ".");
    git("commit", "-q", "--allow-empty", "-m", "nothing");
    const first = await wt("check", "--against", "HEAD", "--no-attack");
    expect(first.out).toContain("Changed since HEAD, which has no migrations here: all is new\n");
    expect((await wt("check", "--against", "--help-me")).exitCode).toBe(2);
    expect((await wt("check", "--against", "nowhere")).exitCode).toBe(2);
  });

  it("fails on new findings only, once there is a baseline", async () => {
    await put({ "migrations/0001_first.sql": clean, "migrations/0002_files.sql": open });
    const first = await wt("check", "--no-attack", "--update-baseline");
    expect(first.exitCode).toBe(1);
    expect((await wt("check", "--no-attack")).exitCode).toBe(0);
    await put({ "migrations/0003_more.sql": open.replaceAll("files", "letters") });
    const third = await wt("check", "--no-attack", "--json");
    expect(third.exitCode).toBe(1);
    await put({ ".watertight/baseline.json": "[]" });
    expect((await wt("check", "--no-attack")).exitCode).toBe(2);
  });

  it("says which acceptance does nothing, and where it stands", async () => {
    const accept = [
      { rule: "A1", target: "app.file", reason: "nothing is in it", expires: inDays(30) },
      { rule: "A1", target: "app.files", reason: "nothing is in it", expires: inDays(30) },
      { rule: "E1", target: "app.files", reason: "nothing is in it", expires: "2020-01-01" },
    ];
    await put({
      "migrations/0001_first.sql": clean,
      "migrations/0002_files.sql": `-- watertight:ignore B4 until=${inDays(30)} reason="nothing is in it"\n${open}`,
      "watertight.config.json": JSON.stringify({ accept }),
    });
    const text = await wt("check");
    expect(text.out).toContain(`accepted until ${inDays(30)}: A1-app.files`);
    expect(text.out).toMatch(
      /warning: WT_CONFIG_ACCEPT watertight\.config\.json: accept\[0\]: A1 app\.file accepts nothing.*A1-app\.files/,
    );
    expect(text.out).toMatch(/warning: WT_CONFIG_ACCEPT migrations\/0002_files\.sql:1: B4 accepts nothing/);
    expect((await wt("check", "--json")).json().warnings).toMatchObject([
      { kind: "unmatched", where: "watertight.config.json: accept[0]", line: null, id: "A1 app.file" },
      { kind: "expired", where: "watertight.config.json: accept[2]", line: null, id: "E1 app.files" },
      { kind: "unmatched", where: "migrations/0002_files.sql:1", line: 1, id: "B4" },
    ]);
  });

  it("says what is wrong with what it is given", async () => {
    const none = await wt("check");
    expect([none.exitCode, none.err]).toEqual([2, expect.stringContaining("WT_CHECK_NO_MIGRATIONS")]);
    await put({ "migrations/0001_first.sql": clean, "watertight.config.json": '{ "failon": "high" }' });
    const config = await wt("check");
    expect([config.exitCode, config.err]).toEqual([2, expect.stringContaining("failOn")]);
    await put({
      "other.json": '{ "failon": "high", "tenant": { "colum": "x" }, "strict": 1, "accept": [{ "rule": "A1" }] }',
    });
    const several = await wt("check", "--config", "other.json");
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
    const { error } = (await wt("check", "--json", "--config", "other.json")).json();
    expect(error.problems).toHaveLength(6);
    expect(error.message).toContain("failon is not an option; did you mean failOn?");
    expect((await capture(["repro", "A1-x"], { cwd: join(folder, "migrations") })).exitCode).toBe(2);
  });

  it("takes migrations of which nothing ran for no clean schema", async () => {
    await put({ "migrations/0001_first.sql": "create table app.notes (id nosuchtype);" });
    const result = await wt("check");
    expect([result.exitCode, result.err]).toEqual([
      3,
      expect.stringMatching(
        /WT_CHECK_NOTHING_RAN: The only statement in migrations .*0001_first\.sql:1 type "nosuchtype" does not exist/,
      ),
    ]);
  });

  it("refuses a configuration that names what is not there", async () => {
    await put({ "migrations/0001_first.sql": clean, "watertight.config.json": '{ "global": ["nothing"] }' });
    const result = await wt("check");
    expect([result.exitCode, result.err]).toEqual([2, expect.stringContaining("WT_CONFIG_NAME")]);
  });

  it("prints what was inferred, from what, and by which option it can be said", async () => {
    await put({
      "migrations/0001_first.sql": `${clean}create table app.plans (id int primary key);
create table app.news (id int primary key);`,
      "watertight.config.json": '{ "global": ["app.plans"] }',
    });
    const { options, inferred, notInferred } = (await wt("config", "print", "--origin", "--json")).json();
    expect(notInferred).toBeNull();
    expect(options).toContainEqual(expect.objectContaining({ path: "tenant.column", value: null }));
    const row = (path: string, value: string): unknown =>
      inferred.find((each: { path: string; value: string }) => each.path === path && each.value === value);
    expect(row("tenant.column", "tenant_id")).toMatchObject({ from: "inferred" });
    expect(row("tenant.table", "app.tenants")).toMatchObject({ from: "inferred" });
    expect(row("context", "setting app.tenant_id (tenant)")).toMatchObject({
      because: [expect.stringContaining("current_setting('app.tenant_id')")],
    });
    expect(row("roles.tenant", "shop_app")).toMatchObject({
      from: "inferred",
      because: ["shop_app may write 1 table", "shop_app may log in"],
    });
    expect(row("tables.app.invoices", "column tenant_id")).toMatchObject({ from: "inferred" });
    expect(row("global", "app.plans")).toMatchObject({ from: "declared" });
    expect(row("global", "app.news")).toMatchObject({ from: "inferred" });
    const { out } = await wt("config", "print", "--origin");
    expect(out).toMatch(/tables\.app\.invoices: column tenant_id {2}\(inferred\)\n {4}\S/);
    const short = await wt("config", "print");
    expect([short.out.includes("inferred"), short.err]).toEqual([false, expect.stringContaining("--origin")]);
  });

  it("prints the options and where they come from", async () => {
    await put({ "watertight.config.json": '{ "failOn": "never" }' });
    const printed = await wt("config", "print", "--origin", "--json");
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
