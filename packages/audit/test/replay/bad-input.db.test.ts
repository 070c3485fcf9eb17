// Input that is broken, endless or destructive ends in a clear reason within bounds; the server is gone afterwards, the user's files untouched.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeServers, ownBinaries } from "@watertight/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { openSandbox } from "../../src/replay/sandbox.ts";
import { type Replay, replay, type ReplayOptions } from "../../src/replay/replay.ts";
import { read } from "../parse/set-of.ts";
import { migration, replayed } from "../support/replayed.ts";

const quick: ReplayOptions = { limits: { statementMs: 700 } };

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describeServers((server) => {
  const run = async (sql: Parameters<typeof replayed>[1], options?: ReplayOptions): Promise<Replay> => {
    const result = await replayed(server, sql, options);
    onTestFinished(() => result.close());
    return result;
  };
  const reasons = ({ statements }: Replay): string[] =>
    statements.map(({ outcome }) => (outcome.state === "ran" ? "ran" : outcome.reason));

  describe("ends by itself", () => {
    test.each([
      ["an endless loop", "do $$ begin loop null; end loop; end $$;", /more than 0.7 s/],
      ["pg_sleep", "select pg_sleep(3600);", /more than 0.7 s/],
      [
        "a loop that lifts the time limit",
        "set statement_timeout = 0; do $$ begin loop null; end loop; end $$;",
        /more than 0.7 s/,
      ],
      [
        "a loop that catches its cancellation",
        "set statement_timeout = 0; do $$ begin loop begin perform pg_sleep(3600); exception when query_canceled then null; end; end loop; end $$;",
        /more than 0.7 s/,
      ],
      [
        "a cross join without end",
        "create table t as select 1 from generate_series(1, 100000) a, generate_series(1, 100000) b;",
        /more than|temp_file_limit/,
      ],
      [
        "a recursive query",
        "with recursive r(a) as (select 1 union all select a + 1 from r) select count(*) from r;",
        /more than|temp_file_limit/,
      ],
      [
        "recursion in a function",
        "create function f() returns int language plpgsql as $$ begin return f(); end $$; select f();",
        /stack depth/,
      ],
      [
        "an answer without end",
        "set statement_timeout = 0; select repeat('x', 100000) from generate_series(1, 100000000);",
        /answers without end|more than 0.7 s/,
      ],
      [
        "one enormous value",
        "select length(repeat('x', 1000000000) || repeat('x', 1000000000));",
        /memory|array size|length|exceed/,
      ],
      [
        "a lock on itself",
        "select pg_advisory_lock(1); select pg_terminate_backend(pg_backend_pid());",
        /terminating|terminated/,
      ],
    ])("%s", { timeout: 60_000 }, async (_name, sql, reason) => {
      const result = await run(`${sql}\ncreate table public.after (id int);`, quick);
      expect(reasons(result).some((one) => reason.test(one))).toBe(true);
      expect(reasons(result).at(-1)).toBe("ran");
      expect(result.snapshot.relations.map(({ name }) => name)).toContain("after");
    });

    test("a write without end", { timeout: 60_000 }, async () => {
      const bomb = "create table t as select repeat(md5(i::text), 60) from generate_series(1, 1000000000) i;";
      const options = { limits: { diskBytes: 60_000_000, statementMs: 20_000 } };
      const result = await run(`${bomb}\ncreate table after (id int);`, options);
      expect(reasons(result)).toEqual([
        "ended, because it wrote more than 57 MB",
        "not run: the statements before wrote more than 57 MB",
      ]);
    });

    test("many statements that are each quick enough", async () => {
      const result = await run("select pg_sleep(0.3);\n".repeat(12), { limits: { totalMs: 1_500 } });
      expect(reasons(result)[0]).toBe("ran");
      expect(reasons(result).at(-1)).toBe("not run: the statements before took more than 1.5 s in total");
    });

    test("when the caller gives up", async () => {
      const abort = new AbortController();
      const onProgress = (done: number): void => {
        if (done === 1) setTimeout(() => abort.abort(), 150);
      };
      const sql = "select 1; select pg_sleep(60); create table t (a int);";
      expect(reasons(await run(sql, { signal: abort.signal, onProgress }))).toEqual([
        "ran",
        "ended, because the replay was interrupted",
        "not run: the replay was interrupted",
      ]);
    });
  });

  describe("destroys only what is its own", () => {
    test("DROP OWNED, DROP ROLE and DROP SCHEMA", async () => {
      const result = await run(`create role app; create table t (id int); grant select on t to app;
        drop owned by app; drop role app; drop role postgres; drop schema public cascade; create schema public;
        create table u (id int); drop owned by current_user cascade; create schema again; create table again.v (id int);
        drop database postgres; alter database postgres rename to gone; alter database postgres connection limit 0;`);
      expect(reasons(result).filter((one) => one !== "ran")).toEqual([
        "current user cannot be dropped",
        "the database of the replay stays",
        "current database cannot be renamed",
      ]);
      expect(result.snapshot.relations.map(({ name }) => name)).toEqual(["v"]);
      expect(result.history.origin("relation public.t")?.text).toContain("drop schema");
    });

    test("its own rights", async () => {
      const result = await run(`alter role postgres nologin nocreaterole password 'x' valid until '2000-01-01';
        revoke connect on database postgres from public; revoke all on schema pg_catalog from public;
        revoke execute on all functions in schema pg_catalog from public; revoke select on all tables in schema pg_catalog from public;
        alter role postgres set search_path = nowhere; alter role postgres set role = nobody;
        select pg_terminate_backend(pg_backend_pid());
        create table public.after (id int);`);
      expect(reasons(result).at(-1)).toBe("ran");
    });
  });

  test("text that does not parse is an outcome like any other", async () => {
    const result = await run("create table a (id int);\ncreate tabel b (id int);\ncreate table c (id int);");
    expect(result.statements.map(({ outcome, place }) => [place.line, outcome.state])).toEqual([
      [1, "ran"],
      [2, "failed"],
      [3, "ran"],
    ]);
    expect(reasons(result)[1]).toContain("tabel");
  });

  test("settings of one file do not reach the next, nor our own questions", async () => {
    const result = await run([
      migration(
        "set search_path = ''; set role none; set quote_all_identifiers = on; set default_transaction_read_only = on; begin; select 1;",
      ),
      migration("create table t (id int); create function f() returns int language sql as 'select 1';", {
        name: "0002",
      }),
    ]);
    expect(reasons(result).filter((one) => one !== "ran")).toEqual([]);
    expect(result.statements.at(-1)?.touched).toContain("routine public.f()");
  });
});

test("afterwards no process and no file of the server is left, and the project is as it was", async () => {
  const project = await mkdtemp(join(tmpdir(), "watertight-project-"));
  onTestFinished(() => rm(project, { recursive: true }));
  const sql = "create table t (a text); copy t to '/tmp/x'; select pg_sleep(0.1); \\! touch owned\n";
  await writeFile(join(project, "1.sql"), sql);
  const state = async (): Promise<string[]> =>
    Promise.all(
      (await readdir(project)).map(async (name) =>
        createHash("sha256")
          .update(name)
          .update(await readFile(join(project, name)))
          .digest("hex"),
      ),
    );
  const before = await state();
  const result = await replay(await read(sql), { ...quick });
  const sandbox = await openSandbox({ version: 15, binaries: ownBinaries(15)! });
  const folders = [sandbox.dataFolder, sandbox.server.host];
  const pid = Number.parseInt(await readFile(join(sandbox.dataFolder, "postmaster.pid"), "utf8"), 10);
  expect(alive(pid)).toBe(true);
  const mine = result.config(null).host!;
  expect(existsSync(mine)).toBe(true);
  await Promise.all([result.close(), sandbox.close()]);
  expect([alive(pid), existsSync(mine), ...folders.map((folder) => existsSync(folder))]).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(await state()).toEqual(before);
});
