// The command itself, as `npm start` runs it: the whole run on its own embedded server, its result, its exit code, and that nothing stays.
import { execFile, spawn } from "node:child_process";
import { access, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import { attempts } from "../src/intruder/attempts.ts";
import type { Result } from "../src/report/result.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const run = promisify(execFile);
// on its own embedded server, wherever the other tests run
const env = { ...process.env, NO_COLOR: "1", HARBOUR_ONCE: "0", DATABASE_URL: "" };

describe("npm start", () => {
  beforeAll(async () => {
    await run(process.execPath, ["node_modules/typescript/bin/tsc", "-b", "examples/harbour"], { cwd: root });
  }, 120_000);

  it("plays both acts, prints one JSON document and exits with 0", async () => {
    const { stdout } = await run(process.execPath, [main, "--once", "--json"], { env, maxBuffer: 16_000_000 });
    const result = JSON.parse(stdout) as Result;
    expect(result).toMatchObject({
      schemaVersion: 2,
      ok: true,
      tenants: 50,
      population: { pool: 44, schema: 2, database: 2, silo: 2 },
      leakedOpen: attempts.length,
      leakedShipped: 0,
    });
    expect(result.rows).toBeGreaterThan(100_000);
    expect(result.honest).toMatchObject({ failed: [], foreignRowsShipped: 0 });
    expect(result.events.length).toBeGreaterThan(0);
    expect(result.encounters).toHaveLength(16);
    for (const { attacker, victim, outcomes } of result.encounters)
      for (const { id, stops } of outcomes)
        expect([attacker, victim, id, stops]).not.toEqual([attacker, victim, id, []]);
  }, 240_000);

  it("exits with 2 on a hole that does not exist, before it starts anything", async () => {
    await expect(run(process.execPath, [main, "--open", "Z9"], { env })).rejects.toMatchObject({ code: 2 });
  });

  it("leaves the server up, and nothing behind after SIGTERM", async () => {
    const child = spawn(process.execPath, [main, "--open", "A1", "--port", "0"], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exited = new Promise<number | null>((resolve) => {
      child.on("exit", resolve);
    });
    let output = "";
    let secretsOf = "";
    try {
      const up = new Promise<void>((resolve, reject) => {
        child.stderr.on("data", (chunk: Buffer) => {
          output += chunk.toString();
          if (output.includes("Ctrl-C")) resolve();
        });
        child.on("exit", () => reject(new Error(output)));
      });
      child.stdout.resume();
      await up;
      const url = /health +(http:\S+)\/health/.exec(output)![1]!;
      expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok" });
      expect(await (await fetch(url)).text()).toContain("curl");
      const leaking = /leaking +(http:\S+)\/ /.exec(output)![1]!;
      expect((await fetch(`${leaking}/health`)).status).toBe(200);
      const [, control, tokenFile] = /control +(http:\S+) +token in (\S+),/.exec(output)!;
      expect((await fetch(`${control}/v1/tenants`)).status).toBe(401);
      const authorization = `Bearer ${(await readFile(tokenFile!, "utf8")).trim()}`;
      const tenants = await fetch(`${control}/v1/tenants?service=harbour&model=silo`, { headers: { authorization } });
      expect(await tenants.json()).toHaveLength(2);
      secretsOf = dirname(tokenFile!);
    } finally {
      child.kill("SIGTERM");
    }
    expect(await exited).toBe(0);
    const client = new pg.Client({ connectionString: /database +(postgres:\S+)/.exec(output)![1]! });
    await expect(client.connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(access(secretsOf)).rejects.toMatchObject({ code: "ENOENT" });
  }, 240_000);
});
