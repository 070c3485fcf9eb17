// `watertight check --db`: a live database as people check it: exit codes, reports in all formats, baseline, and what it refuses.
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { capture, type Captured } from "./support/capture.ts";

const formats = ["json", "sarif", "junit", "github", "gitlab", "markdown", "html"];

describeServers((server) => {
  describe("check --db", () => {
    const app = `live_cli_${randomBytes(4).toString("hex")}`;
    let db: TestDatabase;
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "watertight-live-"));
      db = await createDatabase(server);
      await db.admin.query(`
        do $$ begin create role ${app} login; exception when duplicate_object then null; end $$;
        create table tenants (id uuid primary key);
        create table files (id uuid primary key, tenant_id uuid not null references tenants);
        grant select, insert on files to ${app}`);
    });
    afterEach(async () => {
      await db.drop();
      await rm(folder, { recursive: true, force: true });
    });
    const wt = (...argv: string[]): Promise<Captured> =>
      capture(argv, { cwd: folder, env: { LIVE_URL: db.adminUrl, APP_URL: db.url(app) } });

    it("reports, says that nothing was attacked, and fails on what it found", async () => {
      const result = await wt("check", "--db", "env:LIVE_URL");
      expect([result.exitCode, result.err]).toEqual([1, expect.stringContaining("findings by the rules")]);
      expect(result.out).toContain(`database ${db.name} (live, read as`);
      expect(result.out).toContain("UNVERIFIED A1-files");
      expect(result.out).toContain("Nothing was attacked and nothing was written");
      expect(result.out).toContain("Not run, because they need the statements of migrations: rules");
      expect(result.out).not.toContain("protect --dry-run");
      const plain = await wt("check", "--db", "env:APP_URL", "--json");
      expect(plain.json()).toMatchObject({ live: { role: app }, matrix: [], source: { kind: "database" } });
      expect(plain.exitCode).toBe(1);
      expect((await wt("explain", "A1-files")).out).toContain("A1-files: ");
      expect((await wt("check", "--db", "env:APP_URL", "--fail-on", "never", "--strict")).exitCode).toBe(4);
    });

    it("writes every format, with a file for every result", async () => {
      const reports = formats.flatMap((format) => ["--report", `${format}=${format}.out`]);
      expect((await wt("check", "--db", "env:LIVE_URL", "--exit-zero", ...reports)).exitCode).toBe(0);
      expect((await readdir(folder)).sort()).toEqual([".watertight", ...formats.map((each) => `${each}.out`)].sort());
      const read = (name: string): Promise<string> => readFile(join(folder, `${name}.out`), "utf8");
      const [run] = JSON.parse(await read("sarif")).runs;
      for (const { locations } of run.results) {
        expect(locations[0].physicalLocation.artifactLocation.uri).toBe("watertight.config.ts");
        expect(locations[0].logicalLocations[0].fullyQualifiedName).not.toBe("");
      }
      expect(run.results.length).toBeGreaterThan(0);
      expect(JSON.stringify(run.invocations)).toContain("Nothing was attacked");
      expect(JSON.parse(await read("gitlab"))[0].location.path).toBe("watertight.config.ts");
      for (const format of ["junit", "github", "markdown", "html"])
        expect([format, await read(format)]).toEqual([format, expect.stringContaining("Nothing was attacked")]);
      for (const format of formats) expect(await read(format)).not.toContain(db.adminUrl);
    });

    it("keeps the baseline, the configuration and the checklist", async () => {
      await writeFile(join(folder, "watertight.config.json"), '{ "global": ["files"] }');
      const declared = await wt("check", "--db", "env:LIVE_URL", "--json");
      expect(declared.json().tables.find(({ name }: { name: string }) => name === "files").tenancy).toBe("global");
      await writeFile(join(folder, "other.json"), '{ "global": ["nothing"] }');
      expect((await wt("check", "--db", "env:LIVE_URL", "--config", "other.json")).exitCode).toBe(2);
      await rm(join(folder, "watertight.config.json"));
      // as a role that the probes can't use: a CVE that was shown is a leak, and no baseline hides it
      expect((await wt("check", "--db", "env:APP_URL", "--update-baseline")).exitCode).toBe(1);
      const again = await wt("check", "--db", "env:APP_URL", "--json", "--checklist");
      const open = again.json().findings.filter(({ known }: { known: boolean }) => !known);
      expect(open).toEqual([]);
      expect(again.exitCode).toBe(
        again
          .json()
          .findings.some(({ verdict, severity }: Record<string, string>) => verdict === "LEAK" && severity === "high")
          ? 1
          : 0,
      );
      expect(again.json().checklist[0]).toMatchObject({ id: "rls-enabled", verdict: "FAIL" });
    });

    it("refuses secrets, migrations beside it, and a database that is not there", async () => {
      const secret = await wt("check", "--db", "postgres://me:secret@localhost/x");
      expect([secret.exitCode, secret.err]).toEqual([2, expect.stringContaining("WT_CLI_SECRET_IN_FLAG")]);
      const both = await wt("check", "--db", "env:LIVE_URL", "--folder", "migrations", "--against", "main");
      expect([both.exitCode, both.err]).toEqual([2, expect.stringContaining("--folder and --against")]);
      expect(both.err).toContain("Run two checks");
      expect((await wt("check", "--db", "env:NOWHERE")).exitCode).toBe(2);
      expect((await wt("protect", "--db", "env:LIVE_URL")).exitCode).toBe(2);
      const gone = await capture(["check", "--db", "env:GONE"], {
        cwd: folder,
        env: { GONE: "postgres://me@127.0.0.1:1/x" },
      });
      expect([gone.exitCode, gone.err]).toEqual([3, expect.stringContaining("WT_CLI_UNREACHABLE")]);
    });
  });
});
