// What `--json` and the SARIF file really hold, of migrations and of a live database, against the published schema and the official one.
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, describeServers } from "@watertight/testkit";
import { expect, it } from "vitest";
import { reportProblems, sarifProblems } from "../../audit/test/report/schemas.ts";
import { capture } from "./support/capture.ts";

const schema = `create table tenants (id uuid primary key);
-- watertight:ignore A1 until=${new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10)} reason="planned for the next release"
create table files (id uuid primary key, tenant_id uuid not null references tenants, name text);
create table letters (id uuid primary key, tenant_id uuid not null references tenants);
alter table letters enable row level security;
create policy own on letters using (tenant_id = current_setting('app.tenant_id')::uuid);
`;
const broken = "create table more (id int primary key);\nselect from nowhere;\n\\i other.sql\n";

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "watertight-documents-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const log = async (folder: string): Promise<any> => JSON.parse(await readFile(join(folder, "w.sarif"), "utf8"));

it("of migrations: with leaks, acceptances, failed statements, a checklist and a difference", () =>
  inFolder(async (folder) => {
    const git = (...args: string[]): void =>
      void execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { cwd: folder });
    await writeFile(
      join(folder, "0001_first.sql"),
      `create role shop_app login;\n${schema}grant select, insert on files, letters to shop_app;\n`,
    );
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "first");
    await writeFile(join(folder, "0002_more.sql"), broken);
    const { out } = await capture(
      ["check", "--json", "--checklist", "--against", "HEAD", "--report", "sarif=w.sarif", "--report", "json=w.json"],
      { cwd: folder },
    );
    const document = JSON.parse(out);
    expect(reportProblems(document)).toEqual([]);
    expect(reportProblems(JSON.parse(await readFile(join(folder, "w.json"), "utf8")))).toEqual([]);
    expect(document.findings.find(({ verdict }: { verdict: string }) => verdict === "LEAK")).toMatchObject({
      file: "0001_first.sql",
      line: expect.any(Number),
    });
    expect(document.matrix.find(({ verdict }: { verdict: string }) => verdict === "LEAK")).toMatchObject({
      table: "public.files",
      vector: expect.stringMatching(/^[A-H]\d+$/),
    });
    expect(document.statements.failed.length).toBeGreaterThan(0);
    // the files of the last commit, and one that git does not know
    const head = execFileSync("git", ["rev-parse", "HEAD"], { cwd: folder, encoding: "utf8" }).trim();
    expect(document.run).toEqual({ at: expect.stringMatching(/^\d{4}-.+Z$/), commit: `${head}-dirty` });
    const sarif = await log(folder);
    expect(sarifProblems(sarif)).toEqual([]);
    expect(JSON.stringify(sarif)).toContain("planned for the next release");
    // GitHub refuses the whole file when one result has no place
    for (const { locations } of sarif.runs[0].results)
      expect(locations[0].physicalLocation.region.startLine).toBeGreaterThan(0);
  }));

describeServers((server) => {
  it("of a live database", () =>
    inFolder(async (folder) => {
      const db = await createDatabase(server);
      try {
        await db.admin.query(schema);
        const { out } = await capture(["check", "--db", "env:LIVE", "--json", "--report", "sarif=w.sarif"], {
          cwd: folder,
          env: { LIVE: db.adminUrl },
        });
        const document = JSON.parse(out);
        expect(reportProblems(document)).toEqual([]);
        expect([document.matrix, document.findings[0].file]).toEqual([[], null]);
        expect(sarifProblems(await log(folder))).toEqual([]);
      } finally {
        await db.drop();
      }
    }));
});
