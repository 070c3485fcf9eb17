// `watertight repro ID --up`: the server comes back with the rows that the script names, the script shows B's row, and nothing is left afterwards.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ownBinaries } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { capture, type CaptureOptions } from "./support/capture.ts";

const schema = `create role shop_app login;
create table tenants (id uuid primary key, name text);
create table letters (id bigint generated always as identity primary key, tenant_id uuid not null references tenants, body text not null default gen_random_uuid()::text);
alter table letters enable row level security;
create policy own on letters using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid or body <> '');
grant select on letters to shop_app;
`;

/** The script without psql's own commands, for whoever has no psql. */
const plainSql = (script: string): string => script.replaceAll(/^\\.*$/gm, "");

const psql = ["/usr/bin/psql", "/usr/local/bin/psql"].find((path) => existsSync(path));

describe.each([18, 15] as const)("repro --up on PostgreSQL %i", (version) => {
  let folder: string;
  const variable = `WATERTIGHT_POSTGRES_${version}`;
  const before = process.env[variable];
  beforeAll(async () => {
    if (version !== 18) process.env[variable] = ownBinaries(version);
    folder = await mkdtemp(join(tmpdir(), "watertight-repro-test-"));
    await writeFile(join(folder, "0001_first.sql"), schema);
    await wt(["check", "--exit-zero"]);
  });
  afterAll(async () => {
    if (before === undefined) delete process.env[variable];
    else process.env[variable] = before;
    await rm(folder, { recursive: true, force: true });
  });
  const wt = ([command = "", ...rest]: string[], options: CaptureOptions = {}): ReturnType<typeof capture> =>
    capture([command, ...rest, "--server", String(version), "--folder", "."], { cwd: folder, ...options });
  const leak = async (): Promise<{ id: string; attempt: { repro: string } }> => {
    const { findings } = JSON.parse(await readFile(join(folder, ".watertight/last.json"), "utf8"));
    const found = findings.find((finding: { verdict: string }) => finding.verdict === "LEAK");
    expect(found).toBeDefined();
    return found;
  };

  it("shows B's row by hand, with the ids of the report", async () => {
    const { id, attempt } = await leak();
    const [, b, canary] = /tenant B is (\S+); texts of B contain (\S+)/.exec(attempt.repro)!;
    const printed = (await wt(["repro", id])).out;
    expect(printed).toContain(`-- to run it: watertight repro ${id} --up`);
    expect(printed.slice(0, printed.indexOf("\nbegin;"))).toContain("psql -X -d DATABASE -f FILE");
    let seen: { script: string; host: string } | undefined;
    const up = await wt(["repro", id, "--up", "--json"], {
      async interrupted(out) {
        const { script, connection, psql: line } = JSON.parse(out);
        seen = { script, host: connection.host };
        const text = await readFile(script, "utf8");
        expect(text).toBe(attempt.repro);
        const client = new pg.Client(connection);
        await client.connect();
        const results = (await client.query(plainSql(text))) as unknown as { rows: object[] }[];
        await client.end();
        expect(JSON.stringify(results.map(({ rows }) => rows))).toContain(b);
        expect(line).toMatch(/^psql -X -h \S+ -p \d+ -U shop_app -d postgres -f \S+$/);
        if (psql !== undefined) {
          const shown = execFileSync("/bin/sh", ["-c", line], {
            encoding: "utf8",
            env: { PATH: dirname(psql), LC_ALL: "C" },
          });
          expect(shown).toContain(b);
          expect(shown).toContain("ROLLBACK");
        }
      },
    });
    expect([up.exitCode, up.err]).toEqual([0, expect.stringContaining("Ctrl-C")]);
    expect(canary).toMatch(/^wb/);
    expect(existsSync(seen!.script)).toBe(false);
    expect(existsSync(seen!.host)).toBe(false);
  });

  it("says when the migrations are not those of the check, and leaves nothing", async () => {
    const { id } = await leak();
    await writeFile(join(folder, "0002_more.sql"), "alter table tenants add column more text;\n");
    expect((await wt(["repro", id, "--up"])).exitCode).toBe(0);
    const file = join(folder, ".watertight/last.json");
    const report = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ ...report, seed: "another" }));
    const strange = await wt(["repro", id, "--up"]);
    expect([strange.exitCode, strange.err]).toEqual([2, expect.stringContaining("Run watertight check again")]);
    await writeFile(file, JSON.stringify({ ...report, seed: undefined }));
    expect((await wt(["repro", id, "--up"])).exitCode).toBe(2);
  });
});
