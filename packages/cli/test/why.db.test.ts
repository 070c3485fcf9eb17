// `watertight why` as people call it: the tree of terms, the JSON, and what it needs to be told.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, describeServers } from "@watertight/testkit";
import { expect, it } from "vitest";
import { capture } from "./support/capture.ts";

const schema = `create table tenants (id text primary key);
create table files (id int primary key, tenant_id text not null references tenants, name text);
alter table files enable row level security;
create policy own on files using (tenant_id = current_setting('app.tenant_id', true) and name is not null);`;

describeServers((server) => {
  it("why --db prints each term with its value", async () => {
    const app = `why_cli_${randomBytes(4).toString("hex")}`;
    const db = await createDatabase(server);
    try {
      await db.admin
        .query(`create role ${app} login; create role ${app}_all login bypassrls in role ${app}, pg_read_all_data; ${schema} grant select, update on files to ${app};
        insert into tenants values ('a'), ('b'); insert into files values (1, 'a', 'one'), (2, 'b', E'two\\u001b[2J')`);
      const env = { LIVE: db.url(`${app}_all`), SUPER: db.adminUrl };
      const wt = (...argv: string[]): ReturnType<typeof capture> =>
        capture(["why", "--table", "files", ...argv], { env });
      const foreign = await wt("--row", "2", "--as", "a", "--db", "env:LIVE");
      expect([foreign.exitCode, foreign.err]).toEqual([0, ""]);
      expect(foreign.out).toContain(`asked by tenant a, as role ${app}`);
      expect(foreign.out).toContain("context: app.tenant_id = a");
      expect(foreign.out).toContain("select refused: no permissive policy lets the row through");
      expect(foreign.out).toMatch(/false AND\n\s+false tenant_id = current_setting\(.*<-\n\s+tenant_id is 'b'\n/);
      expect(foreign.out).toMatch(/true  name IS NOT NULL\n\s+name is 'two\\u001b\[2J'/);
      expect(foreign.out).toContain(`insert refused: ${app} has no INSERT on the table`);
      const own = await wt("--row", "1", "--as", "a", "--db", "env:LIVE", "--json");
      expect(own.json().rows[0].commands.map(({ allowed }: { allowed: boolean }) => allowed)).toEqual([
        true,
        false,
        true,
        false,
      ]);
      expect((await wt("--row", "1", "--db", "env:LIVE")).exitCode).toBe(2);
      const refused = await wt("--row", "1", "--as", "a", "--db", "env:SUPER");
      expect([refused.exitCode, refused.err]).toEqual([3, expect.stringContaining("WT_CHECK_PRIVILEGED")]);
      expect((await wt("--row", "9", "--as", "a", "--db", "env:LIVE")).exitCode).toBe(2);
    } finally {
      await db.drop();
    }
  });
});

it("why without a database explains seeded rows of both tenants", async () => {
  const folder = await mkdtemp(join(tmpdir(), "watertight-why-"));
  try {
    await writeFile(
      join(folder, "schema.sql"),
      `create role shop_app login;\n${schema}\ngrant select on files to shop_app;\n`,
    );
    const wt = (...argv: string[]): ReturnType<typeof capture> =>
      capture(["why", "--table", "files", "--sql", "schema.sql", ...argv], { cwd: folder });
    const both = await wt("--as", "B", "--json");
    expect(both.json().rows.map(({ commands }: Record<string, any>) => commands[0].allowed)).toEqual([false, true]);
    expect((await wt("--user", "x")).exitCode).toBe(2);
    expect((await capture(["why"], { cwd: folder })).exitCode).toBe(2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
