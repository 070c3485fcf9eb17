// A server of somebody else (DATABASE_URL): password authentication, roles and databases under the run's prefix, all dropped again.
import { readFile, writeFile } from "node:fs/promises";
import { attachServer, createDatabase, describeServerAt, startServer, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { dropRun } from "../../src/database/drop-run.ts";
import { runPrefix } from "../../src/database/role-set.ts";
import { testRun } from "../../src/run/test-run.ts";
import { checkedVersion } from "../../src/server/attach-server.ts";

const PASSWORD = "p@ss/w:rd?";
let server: TestServer;
let databaseUrl: string;

async function query<T extends pg.QueryResultRow>(url: string, sql: string, values: unknown[] = []): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query<T>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  server = await startServer({ version: 18, superuser: "boss" });
  await query(server.url(), `alter role boss password ${pg.escapeLiteral(PASSWORD)}`);
  await query(server.url(), "create role weak login password 'x'");
  const [file] = await query<{ hba_file: string }>(server.url(), "show hba_file");
  const hba = file!.hba_file;
  await writeFile(hba, (await readFile(hba, "utf8")).replaceAll(/\btrust$/gm, "scram-sha-256"));
  await query(server.url(), "select pg_reload_conf()");
  databaseUrl = `postgres://boss:${encodeURIComponent(PASSWORD)}@127.0.0.1:${server.port}/postgres?application_name=wt`;
  await vi.waitFor(async () => {
    const answer = await query(server.url(), "select 1").catch((error: unknown) => error);
    if (!(answer instanceof Error)) throw new Error("the server still trusts everybody");
  }, 5_000);
});

afterAll(() => server.stop());

const refusal = (url: string): Promise<unknown> =>
  describeServerAt(url).then(
    () => undefined,
    (error: unknown) => error,
  );

describe("DATABASE_URL", () => {
  test("a kit database there: roles with the run's prefix log in with its password, everything is dropped at the end", async () => {
    const attached = await attachServer(databaseUrl);
    expect(attached).toMatchObject({ version: 18, superuser: "boss", embedded: false });
    const everything = "select datname as name from pg_database union select rolname from pg_roles order by 1";
    const before = await query(databaseUrl, everything);
    const id = testRun()!.id;
    const db = await createDatabase(attached, { kit: true });
    expect(db.roles.app).toBe(`${runPrefix(id)}app`);
    expect(await query(db.appUrl, "select current_user as u, current_setting('application_name') as a")).toEqual([
      { u: db.roles.app, a: "wt" },
    ]);
    const wrong = new URL(db.appUrl);
    wrong.password = "wrong";
    await expect(query(wrong.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
    await db.admin.end();
    await attached.stop();
    expect(await query(databaseUrl, everything)).not.toEqual(before);
    await dropRun(await describeServerAt(databaseUrl), id);
    expect(await query(databaseUrl, everything)).toEqual(before);
  });

  for (const [name, url] of [
    ["a wrong password", (): string => databaseUrl.replace(/:\/\/[^@]*@/, "://boss:secret-guess@")],
    ["a server that is not there", (): string => "postgres://boss:secret-guess@127.0.0.1:1/postgres"],
    ["something that is not a URL", (): string => "secret-guess"],
    ["another database's URL", (): string => "mysql://boss:secret-guess@127.0.0.1/x"],
    ["a role that may not create databases", (): string => `postgres://weak:x@127.0.0.1:${server.port}/postgres`],
  ] as const) {
    test(`${name} is refused with a code, without the password in the message`, async () => {
      const error = await refusal(url());
      expect(error).toMatchObject({ code: "WT_TEST_DATABASE_URL" });
      expect(String(error)).not.toContain("secret-guess");
    });
  }

  test.each([140_012, 190_000, 90_600])("server_version_num %i is refused", (number) => {
    expect(() => checkedVersion(number)).toThrow(expect.objectContaining({ code: "WT_TEST_DATABASE_URL" }));
  });

  test("15 to 18 are accepted", () => expect([150_020, 180_004].map(checkedVersion)).toEqual([15, 18]));
});
