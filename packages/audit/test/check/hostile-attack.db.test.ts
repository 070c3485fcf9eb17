/**
 * Schemas that want the attacks not to happen: names of ours that are taken, triggers that never end, defaults that stop the seed. What is open is
 * still shown, or it is said that nothing could be tried; and nothing in a script reaches the shell of the person who runs it.
 */
import { describeServers } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import { attackReplay } from "../../src/check/attack-replay.ts";
import { factsFrom } from "../../src/check/facts.ts";
import { withoutSandboxRights } from "../../src/check/sandbox-rights.ts";
import { resolveOptions } from "../../src/config/resolve-options.ts";
import type { AttackOptions } from "../../src/matrix/attack-schema.ts";
import { type Matrix, type MatrixColumn, matrixColumns } from "../../src/matrix/matrix.ts";
import { OWNER } from "../../src/replay/sandbox.ts";
import { replayed } from "../support/replayed.ts";

const ground = `create role app login;
create table orgs (id uuid primary key, name text);
create table notes (id uuid primary key default gen_random_uuid(), org_id uuid not null references orgs, body text);
alter table orgs enable row level security; alter table orgs force row level security;
alter table notes enable row level security; alter table notes force row level security;
create policy own on orgs using (id = nullif(current_setting('app.org', true), '')::uuid);
grant select on orgs to app; grant select, insert, update, delete on notes to app;`;
const open = "create policy open on notes using (org_id is not null);";
const closed = "create policy own on notes using (org_id = nullif(current_setting('app.org', true), '')::uuid);";

describeServers((server) => {
  const attacked = async (sql: string, options: AttackOptions = {}): Promise<Matrix> => {
    const replay = await replayed(server, `${ground}\n${sql}`);
    try {
      const { snapshot, history } = replay;
      const facts = await factsFrom(
        withoutSandboxRights(snapshot, history, OWNER),
        history,
        resolveOptions({ config: {} }),
      );
      return await attackReplay(replay, facts, { budgetMs: 30_000, seed: "hostile", ...options });
    } finally {
      await replay.close();
    }
  };
  const verdict = ({ cells }: Matrix, column: MatrixColumn): string | undefined =>
    cells.find(({ table, column: which }) => table.name === "notes" && which === column)?.verdict;

  describe("an open table is shown although", () => {
    const cases: readonly (readonly [why: string, sql: string])[] = [
      ["our roles are taken", "create role watertight_lab connection limit 0; create role watertight_unbound nologin;"],
      [
        "our schema is taken",
        "create schema watertight_lab; create function watertight_lab.rows(text) returns int language sql as 'select 1';",
      ],
      ["everything is read-only by default", "alter database postgres set default_transaction_read_only = on;"],
      ...(server.version < 17
        ? []
        : [
            [
              "nothing may be made any more",
              `create function no() returns event_trigger language plpgsql as $$ begin raise exception 'no'; end $$;
               create event trigger no on ddl_command_start execute function no(); alter event trigger no enable always;`,
            ] as const,
          ]),
    ];
    test.each(cases)("%s", async (_why, sql) => {
      const matrix = await attacked(`${open}\n${sql}`);
      expect(matrix.notes.map(({ text }) => text).filter((text) => text.startsWith("No attack"))).toEqual([]);
      expect(verdict(matrix, "read")).toBe("LEAK");
    });
  });

  test.each([
    ["a role", "not exists (select from pg_roles where rolname in ('watertight_lab', 'watertight_unbound'))"],
    ["a schema", "to_regnamespace('watertight_lab') is null"],
  ])("a table that is open where %s of ours is not there is open", async (_what, absent) => {
    const matrix = await attacked(
      `create policy own on notes using (org_id = nullif(current_setting('app.org', true), '')::uuid or ${absent});`,
    );
    expect(verdict(matrix, "read")).toBe("LEAK");
    const scripts = matrix.cells.flatMap(({ attempts }) => attempts.map(({ repro }) => repro));
    expect(scripts.filter((script) => /watertight_(lab|unbound)/.test(script))).toEqual([]);
  });

  test("names of ours are others in every run, the same for the same seed, and never the schema's", async () => {
    const names = async (seed: string, sql = ""): Promise<string[]> => {
      const { cells } = await attacked(`${closed}${sql}`, { seed });
      const found = cells.flatMap(({ attempts }) =>
        attempts.flatMap(({ repro }) => [...repro.matchAll(/from (lab_\w+)\.rows\(/g)].map(([, name]) => name!)),
      );
      return [...new Set(found)];
    };
    const [[one], [again], [other]] = [await names("one"), await names("one"), await names("other")];
    expect(one).toMatch(/^lab_[0-9a-f]{8}$/);
    expect([again, other === one]).toEqual([one, false]);
    expect(await names("one", `create schema ${one}; create table ${one}.mine (id int);`)).not.toContain(one);
  });

  test("a trigger that catches its cancellation ends with its connection", async () => {
    const matrix = await attacked(`${closed}
      create function stay() returns trigger language plpgsql as $$ begin
        loop begin perform pg_sleep(3600); exception when query_canceled then null; end; end loop; end $$;
      create trigger stay before insert on notes for each row execute function stay();`);
    expect(matrix.cells).toEqual([]);
    expect(matrix.notes.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^No attack ran, nothing below is verified: /),
    ]);
  }, 120_000);

  describe("the time given holds", () => {
    const cases: readonly (readonly [why: string, sql: string])[] = [
      [
        "policies that are slow",
        `create function slow(uuid) returns boolean language plpgsql as 'begin perform pg_sleep(1.5); return true; end';
         create policy own on notes using (org_id = nullif(current_setting('app.org', true), '')::uuid and slow(org_id));`,
      ],
      [
        "policies that obey no timeout",
        `create function stay(uuid) returns boolean language plpgsql as $$ begin
           if current_user = 'app' then loop begin perform pg_sleep(3600); exception when query_canceled then null; end; end loop; end if; return true; end $$;
         create policy own on notes using (stay(org_id) and org_id = nullif(current_setting('app.org', true), '')::uuid);`,
      ],
      [
        "triggers that make every try of the seed slow",
        `${closed} create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(4); raise check_violation; end $$;
         create trigger slow before insert on notes for each row execute function slow();`,
      ],
    ];
    test.each(cases)("against %s", { timeout: 60_000 }, async (_why, sql) => {
      const began = performance.now();
      const matrix = await attacked(sql, { budgetMs: 3_000 });
      // three seconds and the grace; wide, because the machine may be busy, and far below what the schema would take
      expect(performance.now() - began).toBeLessThan(45_000);
      const cells = matrix.cells.filter(({ table }) => table.name === "notes");
      expect(cells).toHaveLength(matrixColumns.length);
      expect(cells.filter(({ verdict: what }) => what === "BLOCKED" || what === "LEAK")).toEqual([]);
      expect(cells[0]).toMatchObject({ column: "read", reason: expect.stringMatching(/time given was over|no time/) });
    });
  });

  describe("what is written without end is stopped", () => {
    const writing = (event: string): string => `${closed} create table junk (x text); grant insert on junk to app;
      create function fill() returns trigger language plpgsql as $$ begin
        insert into junk select repeat(md5(n::text), 60) from generate_series(1, 40000) n; return old; end $$;
      create trigger fill after ${event} on notes for each row execute function fill();`;
    test("by an attack", async () => {
      const matrix = await attacked(writing("delete"), { diskBytes: 64 * 1024 ** 2 });
      const missed = matrix.cells.find(({ table, column }) => table.name === "notes" && column === "delete");
      expect(missed).toMatchObject({ verdict: "UNVERIFIED", reason: expect.stringContaining("wrote more than 64 MB") });
    });
    test("by the seed", async () => {
      const matrix = await attacked(writing("insert"), { diskBytes: 64 * 1024 ** 2 });
      expect([matrix.cells, matrix.notes.map(({ text }) => text)]).toEqual([
        [],
        ["No attack ran, nothing below is verified: the attacks wrote more than 64 MB"],
      ]);
    });
  });

  test("a materialized view that its owner could not fill is filled as a tenant's", async () => {
    const matrix = await attacked(`${closed}
      create materialized view bodies as select org_id, body from notes; grant select on bodies to app;`);
    expect(verdict(matrix, "side-door")).toBe("LEAK");
  });

  test("no text of the schema steers psql in a script", async () => {
    const login = 'ev\n\\! touch /tmp/owned\n"il';
    const name = `"${login.replaceAll('"', '""')}"`;
    const { cells } = await attacked(`${open}
      create role ${name} login; grant select, update on notes to ${name};
      create function speak() returns trigger language plpgsql as $$ begin
        raise notice '%', E'x\\r\\\\! touch /tmp/owned\\r' || (select string_agg(body, ',') from notes); return new; end $$;
      create trigger speak before update on notes for each row execute function speak();`);
    const scripts = cells.flatMap(({ attempts }) => attempts.map(({ repro }) => repro));
    expect(scripts.some((script) => script.includes("touch /tmp/owned"))).toBe(true);
    for (const script of scripts) {
      expect(script).not.toContain("\r");
      expect(script).not.toMatch(/^\\connect .*ev$/m);
    }
    expect(scripts.some((script) => script.includes('\\gset\n\\connect - :"watertight_login"'))).toBe(true);
  });
});
