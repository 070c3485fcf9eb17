// A server on a private socket: no TCP port at all, a folder that nobody else enters, a superuser with a password, bounded processes.
import { readFile, stat } from "node:fs/promises";
import { EmbeddedError, startPostgres, type PostgresServer } from "@watertight/embedded";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { chooseAccess } from "../src/access.ts";

// With a space; initdb itself cannot do with a quote in it.
const superuser = "odd Name";
let server: PostgresServer;

async function run(connection: pg.ClientConfig, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client(connection);
  onTestFinished(() => client.end());
  await client.connect();
  return client.query(text);
}

describe("socketOnly", () => {
  const windows = process.platform === "win32";
  beforeEach((context) => {
    if (windows) context.skip("sockets in folders are not for Windows");
  });
  beforeAll(async () => {
    if (windows) return;
    server = await startPostgres({ socketOnly: true, superuser, memoryLimit: 1024 ** 3 });
  });
  afterAll(() => server?.stop());

  test("no TCP port is open, the folder is private, its path short", async () => {
    const { rows } = await run(server.connection(), "show listen_addresses");
    expect(rows).toEqual([{ listen_addresses: "" }]);
    expect((await stat(server.host)).mode & 0o777).toBe(0o700);
    const socket = `${server.host}/.s.PGSQL.${server.port}`;
    expect(Buffer.byteLength(socket)).toBeLessThan(100);
    expect((await stat(socket)).mode & 0o077).toBe(0);
  });

  test("the superuser needs the password, others do not", async () => {
    expect(server.password.length).toBeGreaterThan(40);
    await run(server.connection(), "create role guest login");
    expect((await run(server.connection("postgres", "guest"), "select current_user as u")).rows).toEqual([
      { u: "guest" },
    ]);
    await expect(run({ ...server.connection(), password: "guess" }, "select 1")).rejects.toMatchObject({
      code: "28P01",
    });
    expect((await run({ connectionString: server.url() }, "select session_user as u")).rows).toEqual([
      { u: superuser },
    ]);
  });

  test.runIf(process.platform === "linux")("the password is in no process list and no log", async () => {
    const { rows } = await run(server.connection(), "select pg_backend_pid() as pid");
    expect(await readFile(`/proc/${rows[0].pid}/cmdline`, "utf8")).not.toContain(server.password);
    expect(await readFile(server.logPath, "utf8")).not.toContain(server.password);
  });

  test.runIf(process.platform === "linux")(
    "a process that wants too much memory gets an error, the server lives",
    async () => {
      const hog = "select length(string_agg(repeat('x', 200000000), '')) from generate_series(1, 5)";
      await expect(run(server.connection(), hog)).rejects.toMatchObject({ code: "53200" });
      expect((await run(server.connection(), "select 1 as one")).rows).toEqual([{ one: 1 }]);
    },
  );

  test("a folder with too long a name is refused with a code", () => {
    expect(() => chooseAccess(`/tmp/${"x".repeat(90)}`, true)).toThrow(EmbeddedError);
  });
});
