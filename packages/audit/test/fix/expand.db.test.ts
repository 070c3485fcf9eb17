// A tenant column for a table with data: the files run on a database in use, old code goes on, every row gets its parent's tenant.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, describeServers } from "@watertight/testkit";
import { beforeAll, expect, test } from "vitest";
import { resolveOptions } from "../../src/config/resolve-options.ts";
import { protect, type Protected } from "../../src/fix/protect.ts";

const schema = `
create table public.tenants (id uuid primary key);
create table public.orders (tenant_id uuid not null references public.tenants, id bigint primary key);
create table public.lines (id bigint primary key, order_id bigint not null references public.orders (id) on delete cascade);
create table public.notes (id bigint primary key, line_id bigint not null references public.lines (id), text text);
create policy own on public.orders using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
alter table public.orders enable row level security;
`;
const data = `
insert into public.tenants select ('00000000-0000-4000-8000-00000000000' || n)::uuid from generate_series(1, 3) n;
insert into public.orders select ('00000000-0000-4000-8000-00000000000' || 1 + n % 3)::uuid, n from generate_series(1, 300) n;
insert into public.lines select n, 1 + n % 300 from generate_series(1, 25000) n;
insert into public.notes select n, 1 + n % 25000, 'x' from generate_series(1, 30000) n;
`;

let done: Protected;
beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), "watertight-expand-"));
  try {
    await writeFile(join(root, "0001_first.sql"), schema);
    done = await protect({ root, resolved: resolveOptions({}), configFile: null, attack: false, expand: true });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}, 120_000);

describeServers((server) => {
  test("expand, backfill and enforce a table with data, two levels deep", async () => {
    const database = await createDatabase(server);
    try {
      expect(done.files.map(({ file }) => file)).toEqual([
        "0002_watertight_expand.sql",
        "0003_watertight_indexes.sql",
        "0004_watertight_backfill.sql",
        "0005_watertight.sql",
      ]);
      expect(done.after!.statements.failed).toEqual([]);
      const { admin } = database;
      await admin.query(schema + data);
      const run = async (at: number): Promise<void> => {
        const { migration } = done.files[at]!;
        // one by one, as a tool does that may not wrap them in a transaction
        for (const { sql } of done.plan.statements.filter((each) => migration.fragments[0]!.sql.includes(each.sql)))
          await admin.query(sql);
      };
      await run(0);
      // code that does not know the column
      await admin.query(
        "insert into public.lines values (25001, 7); insert into public.notes values (30001, 25001, 'new')",
      );
      const filled = "select count(*)::int as n from public.notes where tenant_id is not null";
      expect((await admin.query(filled)).rows[0]).toEqual({ n: 1 });
      await run(1);
      await run(2);
      expect((await admin.query(filled)).rows[0]).toEqual({ n: 30001 });
      await run(3);
      const wrong = await admin.query(
        "select count(*)::int as n from public.notes n join public.lines l on l.id = n.line_id join public.orders o on o.id = l.order_id where n.tenant_id <> o.tenant_id or l.tenant_id <> o.tenant_id",
      );
      expect(wrong.rows[0]).toEqual({ n: 0 });
      await admin.query("insert into public.notes values (30002, 7, 'later')");
      expect(
        (await admin.query("select tenant_id is not null as ok from public.notes where id = 30002")).rows[0],
      ).toEqual({
        ok: true,
      });
      const foreign = "00000000-0000-4000-8000-000000000001";
      const [other] = (await admin.query("select id from public.lines where tenant_id <> $1 limit 1", [foreign])).rows;
      await expect(
        admin.query("insert into public.notes (id, line_id, tenant_id) values (30003, $1, $2)", [other!.id, foreign]),
      ).rejects.toMatchObject({ code: "23503" });
    } finally {
      await database.drop();
    }
  });

  test("a row whose parent was not seen stops the last step, and nothing is guessed", async () => {
    const database = await createDatabase(server);
    try {
      const { plan } = done;
      const { admin } = database;
      await admin.query(schema + data);
      const staged = plan.statements.filter(({ stage }) => stage !== undefined);
      for (const { sql } of staged.filter(({ stage }) => stage === "expand")) await admin.query(sql);
      const refused = staged.find(({ sql }) => sql.includes("validate constraint"))!;
      for (const { sql, stage } of staged) {
        if (sql === refused.sql) break;
        if (stage === "enforce") await admin.query(sql);
      }
      await expect(admin.query(refused.sql)).rejects.toMatchObject({ code: "23514" });
    } finally {
      await database.drop();
    }
  });
});
