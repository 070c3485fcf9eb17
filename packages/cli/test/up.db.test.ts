// `watertight up --demo`: three cells, tenants in all four models, an API that only the token opens; and nothing of it is left at the end.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMigrations, resolveOptions } from "@watertight/audit";
import * as control from "@watertight/control";
import { freePort } from "@watertight/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { placeCheck } from "../src/commands/migrations/check-release.ts";
import { demoFiles } from "../src/commands/up/demo-project.ts";
import { capture } from "./support/capture.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "watertight-demo-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const eventually = async <T>(ask: () => Promise<T | undefined>, limitMs: number): Promise<T> => {
  for (const until = Date.now() + limitMs; Date.now() < until;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it never came");
};
const open = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });

test("a fleet of four models, behind a token, gone with Ctrl-C", { timeout: 180_000 }, async () => {
  const port = await freePort();
  const tokenFile = join(folder, ".watertight/token");
  const ports = new Set<number>();
  const look = async (_: string, out: () => string): Promise<void> => {
    const token = await eventually(
      async () => (existsSync(tokenFile) ? (await readFile(tokenFile, "utf8")).trim() : undefined),
      60_000,
    );
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
    const get = (path: string, bearer = token) =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${bearer}` } });
    expect((await get("/v1/tenants", "wt_x")).status).toBe(401);
    const tenants = await eventually(async () => {
      const found = (await (await get("/v1/tenants?state=active")).json()) as { model: string; cell: string }[];
      return found.length === 12 ? found : undefined;
    }, 120_000);
    expect(new Set(tenants.map(({ model }) => model))).toEqual(new Set(["pool", "schema", "database", "silo"]));
    expect(new Set(tenants.map(({ cell }) => cell)).size).toBe(3);
    for (const cell of (await (await get("/v1/cells")).json()) as { port: number }[]) ports.add(cell.port);
    expect(ports.size).toBe(3);
    for (const each of ports) expect(await open(each)).toBe(true);
    const told = JSON.parse(await eventually(async () => out() || undefined, 60_000)) as {
      oneTimeCode: { code: string };
      catalogFile: string;
      try: string[];
    };
    const give = () =>
      fetch(`http://127.0.0.1:${port}/v1/sessions`, {
        method: "POST",
        body: JSON.stringify({ code: told.oneTimeCode.code }),
        headers: { "content-type": "application/json" },
      });
    const { token: mine } = (await (await give()).json()) as { token: string };
    expect((await get("/v1/cells", mine)).status).toBe(200);
    expect((await give()).status).toBe(401);
    // what is printed to be tried works, as it is printed
    expect((await stat(told.catalogFile)).mode & 0o777).toBe(0o600);
    const tried = told.try.filter((line) => line.startsWith("watertight "));
    expect(tried.length).toBeGreaterThanOrEqual(5);
    for (const line of tried) {
      const answer = await capture(line.split(" ").slice(1), { cwd: folder });
      expect([line, answer.exitCode, answer.exitCode === 0 ? "" : answer.err]).toEqual([line, 0, ""]);
      if (line.includes("--behind")) expect(answer.out).toContain("more: --after");
      if (line.includes("apply")) expect(answer.out).toContain("nobody is behind");
    }
  };
  const { exitCode, err } = await capture(["up", "--demo", "--tenants", "12", "--port", String(port), "--json"], {
    cwd: folder,
    interrupted: look,
  });
  expect([exitCode, err.match(/error|fail/i)]).toEqual([0, null]);
  for (const each of [...ports, port]) expect(await open(each)).toBe(false);
  expect(await readdir(join(folder, ".watertight"))).toEqual([]);
});

test("the demonstration's files would be let through as a release", { timeout: 60_000 }, async () => {
  await mkdir(join(folder, "migrations"));
  for (const { name, text } of demoFiles) await writeFile(join(folder, "migrations", name), text);
  const release = control.makeRelease(await readMigrations(folder));
  const request = { root: folder, resolved: resolveOptions({}), configFile: null };
  expect(await placeCheck(control, request)(release.files)).toEqual([]);
});

test("a port that is taken, and a database without a catalog, are said so", async () => {
  const usage = async (...line: string[]) => (await capture(["up", ...line], { cwd: folder, env: {} })).exitCode;
  expect(await usage("--port", "none")).toBe(2);
  expect(await usage("--demo", "--db", "env:X")).toBe(2);
  expect(await usage("--tenants", "1")).toBe(2);
  expect(await usage("--db", "env:NOT_SET")).toBe(2);
});
