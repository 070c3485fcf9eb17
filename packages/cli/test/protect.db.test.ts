// `watertight protect` in projects whose migrations are not plain SQL files: what it writes, where it refuses, and the statements alone.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clean, open, projectForEach } from "./support/project.ts";

describe("watertight protect", () => {
  const project = projectForEach();
  const text = (file: string): Promise<string> => readFile(join(project.folder, file), "utf8");
  const knex = (sql: string): string =>
    `exports.up = (knex) => knex.raw(${JSON.stringify(sql)});\nexports.down = () => {};\n`;

  it("writes a program where migrations are programs, and the table is closed", async () => {
    await project.put({ "migrations/20240101000000_a.js": knex(clean), "migrations/20240102000000_b.js": knex(open) });
    const dry = await project.wt("protect", "--no-attack", "--dry-run");
    expect([dry.exitCode, dry.out]).toEqual([
      0,
      expect.stringMatching(/would write: migrations\/\d{14}_watertight\.js\n/),
    ]);
    const done = await project.wt("protect", "--no-attack", "--json");
    const { written } = done.json() as { written: string[] };
    expect(written).toEqual([expect.stringMatching(/^migrations\/\d{14}_watertight\.js$/)]);
    expect(await text(written[0]!)).toMatch(/^exports\.up = async function up\(knex\) \{\n {2}await knex\.raw\(`/);
    expect((await project.wt("check", "--no-attack")).exitCode).toBe(0);
    const again = await project.wt("protect", "--no-attack");
    expect(again.out).toContain("nothing that a migration could close");
  });

  it("adds the change to sqitch.plan, and writes nothing where the plan can't be continued", async () => {
    const plan = "%syntax-version=1.0.0\n%project=shop\n\na 2024-01-01T00:00:00Z A <a@example.com> # a\n";
    await project.put({ "sqitch.plan": plan, "deploy/a.sql": `${clean}\n${open}` });
    const dry = (await project.wt("protect", "--no-attack", "--dry-run", "--json")).json();
    expect(dry).toMatchObject({ unwritable: null, written: [] });
    expect(dry.files.map(({ file }: { file: string }) => file)).toEqual([
      "deploy/watertight.sql",
      "revert/watertight.sql",
      "verify/watertight.sql",
    ]);
    const done = await project.wt("protect", "--no-attack");
    expect(done.out).toContain(
      "written: deploy/watertight.sql, revert/watertight.sql, verify/watertight.sql, sqitch.plan; run them",
    );
    expect(await text("sqitch.plan")).toMatch(/# a\nwatertight \[a\] \S+ watertight protect <[^>]+> # [^\n]+\n$/);
    expect((await project.wt("check", "--no-attack")).exitCode).toBe(0);
  });

  it("says why it writes nothing, and gives the statements alone", async () => {
    await project.put({ ".gmrc": "{}", "migrations/current.sql": `${clean}\n${open}` });
    const refused = await project.wt("protect", "--no-attack");
    expect([refused.exitCode, refused.out]).toEqual([
      0,
      expect.stringContaining("nothing is written: migrations/current.sql holds a migration that is not committed"),
    ]);
    expect(await readdir(join(project.folder, "migrations"))).toEqual(["current.sql"]);
    const output = await project.wt("protect", "--no-attack", "--output", "fix.sql");
    expect(output.out).toContain("written: fix.sql;");
    expect(await text("fix.sql")).toMatch(/^-- Written by watertight protect\.[^]*enable row level security;\n/);
    expect((await project.wt("protect", "--no-attack", "--output", "fix.sql")).exitCode).toBe(2);
  });
});
