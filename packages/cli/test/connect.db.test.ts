// Connecting: a server that wants a password which the URL has not, a wrong one, a database and a server that are not there. The command
// must let go of the connection at once (the server would wait a minute), say what fits, and never show the password.
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { startServer, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { capture } from "./support/capture.ts";

let server: TestServer;
let gate: Server;
let port: number;
let open = 0;

async function query(sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: server.url() });
  client.on("error", () => {});
  try {
    await client.connect();
    return await client.query(sql);
  } catch (error) {
    // as in the command: a refused handshake leaves the socket open
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    throw error;
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  server = await startServer({ version: 18, superuser: "boss" });
  await query("alter role boss password 'right'");
  const file: string = (await query("show hba_file")).rows[0].hba_file;
  await writeFile(file, (await readFile(file, "utf8")).replaceAll(/\btrust$/gm, "scram-sha-256"));
  await query("select pg_reload_conf()");
  await vi.waitFor(async () => {
    if (await query("select 1").catch(() => undefined)) throw new Error("the server still trusts everybody");
  }, 5_000);
  // counts connections, so that the test sees whether the command let go of its own
  gate = createServer((socket) => {
    open++;
    const upstream = connect(server.port, server.host);
    socket.pipe(upstream).pipe(socket);
    for (const end of [socket, upstream]) end.on("error", () => {});
    socket.on("close", () => {
      open--;
      upstream.destroy();
    });
  });
  await new Promise<void>((resolve) => gate.listen(0, "127.0.0.1", resolve));
  ({ port } = gate.address() as AddressInfo);
}, 60_000);
afterAll(async () => {
  gate.close();
  await server.stop();
});

describe("connecting", () => {
  const attempts: [what: string, url: () => string, next: RegExp][] = [
    ["no password", () => `postgres://boss@127.0.0.1:${port}/postgres`, /password/i],
    ["a wrong password", () => `postgres://boss:s3cret@127.0.0.1:${port}/postgres`, /password/i],
    ["no such database", () => `postgres://boss:right@127.0.0.1:${port}/nowhere`, /name/],
    ["no server", () => "postgres://boss:s3cret@127.0.0.1:1/postgres", /server/],
    ["no host", () => "postgres://boss:s3cret@nowhere.invalid/postgres", /host/],
  ];
  it.each(attempts)(
    "%s: fails at once, with the step that fits",
    async (_, url, next) => {
      const result = await capture(["kit", "status", "--json"], { env: { DATABASE_URL: url() } });
      await vi.waitFor(() => expect(open).toBe(0), 5_000);
      const { error } = result.json();
      expect([result.exitCode, error.code]).toEqual([3, "WT_CLI_UNREACHABLE"]);
      expect(error.next).toMatch(next);
      const { host, pathname } = new URL(url());
      expect(error.message).toContain(host);
      expect(error.message).toContain(pathname);
      expect(JSON.stringify(error)).not.toContain("s3cret");
      expect(JSON.stringify(error)).not.toContain(":right");
    },
    60_000,
  );

  it("connects with the right one", async () => {
    const env = { DATABASE_URL: `postgres://boss:right@127.0.0.1:${port}/postgres` };
    expect((await capture(["kit", "status", "--json"], { env })).json().error.code).toBe("WT_KIT_NOT_INSTALLED");
    await vi.waitFor(() => expect(open).toBe(0), 5_000);
  });
});
