/**
 * Server CVEs: on a fixed minor nothing may leak; on the embedded minors, which are older, each must leak, or the statements prove nothing.
 */
import { attachServer, servers, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mintToken } from "@watertight/runtime";
import { type Arena, makeArena } from "./arena.ts";
import { type FixedServer, missing, startFixed } from "./fixed-server.ts";
import { listedCves, type ServerCve, serverCves } from "./server-cves.ts";
import { secretsIn } from "./trial.ts";

const newest = Math.max(...serverCves.map((cve) => cve.fixed15));
const reason = missing(Number(process.env["WATERTIGHT_FIXED_MINOR"] ?? newest));
if (reason)
  console.log(`skipped: server CVEs on a fixed minor (${serverCves.map((cve) => cve.id).join(", ")}): ${reason}`);
console.log(`listed, not run: ${listedCves.join(", ")}`);

async function leaks(arena: Arena, cve: ServerCve): Promise<string[]> {
  const { db, world, roles, key } = arena;
  await db.admin.query(cve.setUp(world));
  const client = new pg.Client({ connectionString: db.url(roles.app) });
  client.on("error", () => {});
  const heard: unknown[] = [];
  client.on("notice", (notice) => heard.push(Object.values(notice)));
  await client.connect();
  try {
    for (const sql of cve.before?.statements ?? []) await client.query(sql);
    if (cve.before) await db.admin.query(cve.before.operator(world));
    heard.length = 0;
    await client.query("begin");
    const token = mintToken({ key, tenant: world.a, pid: 0, expiresAt: Math.floor(Date.now() / 1000) + 30 });
    await client.query("select watertight.open($1)", [token]);
    for (const sql of cve.attack(world))
      await client.query({ text: sql }).then(
        ({ rows }) => heard.push(rows),
        (error: Error) => heard.push(error.message, Object.values(error)),
      );
    await client.query("rollback");
  } finally {
    await client.end();
  }
  return secretsIn(arena, JSON.stringify(heard), cve.id);
}

const embedded = servers().filter((server) => server.embedded);
if (embedded.length === 0)
  console.log("skipped: server CVEs on unfixed minors need a server of the run's own (DATABASE_URL is set)");
describe.skipIf(embedded.length === 0).each(embedded.map((server) => [server.version, server] as const))(
  "unfixed: PostgreSQL %s",
  (_, server) => {
    test.each(serverCves.map((cve) => [cve.id, cve] as const))("%s leaks", (_id, cve) =>
      onArena(server, async (arena) => expect(await leaks(arena, cve)).not.toEqual([])),
    );
  },
);

test.skipIf(embedded.length === 0)("policies TO PUBLIC survive DROP OWNED BY", () =>
  onArena(embedded[0]!, async (arena) => {
    const [cve] = serverCves;
    const shipped = { ...cve!, setUp: (w: Arena["world"]) => cve!.setUp(w).replace(/alter policy[^;]*;/, "") };
    expect(await leaks(arena, shipped)).toEqual([]);
  }),
);

describe.skipIf(reason !== undefined)("fixed: Debian's PostgreSQL 15", () => {
  let fixed: FixedServer;
  let server: TestServer;
  beforeAll(async () => {
    fixed = await startFixed();
    server = await attachServer(fixed.url);
  });
  afterAll(() => fixed?.stop());
  test.each(serverCves.map((cve) => [cve.id, cve] as const))("%s holds", (_id, cve) =>
    onArena(server, async (arena) => expect(await leaks(arena, cve)).toEqual([])),
  );
});

async function onArena(server: TestServer, work: (arena: Arena) => Promise<void>): Promise<void> {
  const arena = await makeArena(server);
  try {
    await work(arena);
  } finally {
    await arena.drop();
  }
}
