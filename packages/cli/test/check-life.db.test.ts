// `watertight check` through the life of a project: baseline, accepted risks, bisect, the difference to a commit, and migrations of which nothing comes.
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { capture } from "./support/capture.ts";
import { clean, open, projectForEach } from "./support/project.ts";

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

describe("watertight check, later", () => {
  const project = projectForEach();

  it("is no success where nothing ran, where there is no table, and where nothing is anybody's", async () => {
    await project.put({ "migrations/0001_first.sql": "alter table nowhere add x int;\nselect from nowhere;\n" });
    const none = await project.wt("check", "--no-attack");
    expect([none.exitCode, none.err]).toEqual([3, expect.stringContaining("WT_CHECK_NOTHING_RAN")]);
    expect(none.err).toContain("migrations/0001_first.sql:1 ");
    await project.put({ "migrations/0001_first.sql": "create role app;\ncreate table t (id int, x nowhere);\n" });
    const empty = await project.wt("check", "--no-attack");
    expect([empty.exitCode, empty.out]).toEqual([3, expect.stringContaining("nothing was judged")]);
    await project.put({
      "migrations/0001_first.sql": "create role app login;\ncreate table t (id int);\ngrant select on t to app;",
    });
    const nobody = await project.wt("check");
    expect([nobody.exitCode, nobody.out]).toEqual([3, expect.stringContaining("The attacks decided nothing")]);
    await project.put({ "watertight.config.json": '{ "global": ["t"] }' });
    expect((await project.wt("check")).exitCode).toBe(0);
  });

  it("names the migration that opened a finding, and what changed since a commit", { timeout: 180_000 }, async () => {
    await project.put({ "migrations/0001_first.sql": clean });
    const git = (...args: string[]): void =>
      void execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { cwd: project.folder });
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "first");
    await project.put({
      "migrations/0002_files.sql": open,
      "migrations/0003_more.sql": "create table app.plans (id int primary key);",
    });
    const bisected = await project.wt("bisect", "A1-app.files", "--no-attack", "--json");
    expect(bisected.json()).toMatchObject({ finding: "A1-app.files", migration: "0002_files" });
    expect((await project.wt("bisect", "A1-app.plains", "--no-attack")).exitCode).toBe(2);
    const since = await project.wt("check", "--against", "HEAD", "--json");
    expect(since.json().diff.newFindings.map((finding: { id: string }) => finding.id)).toContain("A1-app.files");
    expect(since.json().diff.tables.added.sort()).toEqual(["app.files", "app.plans"]);
    const summary = join(project.folder, "summary.md");
    const both = await capture(["ci", "--against", "HEAD", "--checklist"], {
      cwd: project.folder,
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
    const first = await project.wt("check", "--against", "HEAD", "--no-attack");
    expect(first.out).toContain("Changed since HEAD, which has no migrations here: all is new\n");
    expect((await project.wt("check", "--against", "--help-me")).exitCode).toBe(2);
    expect((await project.wt("check", "--against", "nowhere")).exitCode).toBe(2);
  });

  it("fails on new findings only, once there is a baseline", async () => {
    await project.put({ "migrations/0001_first.sql": clean, "migrations/0002_files.sql": open });
    const first = await project.wt("check", "--no-attack", "--update-baseline");
    expect(first.exitCode).toBe(1);
    expect((await project.wt("check", "--no-attack")).exitCode).toBe(0);
    await project.put({ "migrations/0003_more.sql": open.replaceAll("files", "letters") });
    const third = await project.wt("check", "--no-attack", "--json");
    expect(third.exitCode).toBe(1);
    await project.put({ ".watertight/baseline.json": "[]" });
    expect((await project.wt("check", "--no-attack")).exitCode).toBe(2);
  });

  it("says which acceptance does nothing, and where it stands", async () => {
    const accept = [
      { rule: "A1", target: "app.file", reason: "nothing is in it", expires: inDays(30) },
      { rule: "A1", target: "app.files", reason: "nothing is in it", expires: inDays(30) },
      { rule: "E1", target: "app.files", reason: "nothing is in it", expires: "2020-01-01" },
    ];
    await project.put({
      "migrations/0001_first.sql": clean,
      "migrations/0002_files.sql": `-- watertight:ignore B4 until=${inDays(30)} reason="nothing is in it"\n${open}`,
      "watertight.config.json": JSON.stringify({ accept }),
    });
    const text = await project.wt("check");
    expect(text.out).toContain(`accepted until ${inDays(30)}: A1-app.files`);
    expect(text.out).toMatch(
      /warning: WT_CONFIG_ACCEPT watertight\.config\.json: accept\[0\]: A1 app\.file accepts nothing.*A1-app\.files/,
    );
    expect(text.out).toMatch(/warning: WT_CONFIG_ACCEPT migrations\/0002_files\.sql:1: B4 accepts nothing/);
    expect((await project.wt("check", "--json")).json().warnings).toMatchObject([
      { kind: "unmatched", where: "watertight.config.json: accept[0]", line: null, id: "A1 app.file" },
      { kind: "expired", where: "watertight.config.json: accept[2]", line: null, id: "E1 app.files" },
      { kind: "unmatched", where: "migrations/0002_files.sql:1", line: 1, id: "B4" },
    ]);
  });

  it("takes migrations of which nothing ran for no clean schema", async () => {
    await project.put({ "migrations/0001_first.sql": "create table app.notes (id nosuchtype);" });
    const result = await project.wt("check");
    expect([result.exitCode, result.err]).toEqual([
      3,
      expect.stringMatching(
        /WT_CHECK_NOTHING_RAN: The only statement in migrations .*0001_first\.sql:1 type "nosuchtype" does not exist/,
      ),
    ]);
  });

  it("prints what was inferred, from what, and by which option it can be said", async () => {
    await project.put({
      "migrations/0001_first.sql": `${clean}create table app.plans (id int primary key);
create table app.news (id int primary key);`,
      "watertight.config.json": '{ "global": ["app.plans"] }',
    });
    const { options, inferred, notInferred } = (await project.wt("config", "print", "--origin", "--json")).json();
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
    const { out } = await project.wt("config", "print", "--origin");
    expect(out).toMatch(/tables\.app\.invoices: column tenant_id {2}\(inferred\)\n {4}\S/);
    const short = await project.wt("config", "print");
    expect([short.out.includes("inferred"), short.err]).toEqual([false, expect.stringContaining("--origin")]);
  });
});
