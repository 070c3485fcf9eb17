// `watertight check` as a process of its own on bad input: a clear message, the right exit code, a bounded memory, the server gone, the user's
// files as they were. Runs what was built. That hostile statements reach nothing is shown in packages/audit/test/replay.
import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sized } from "@watertight/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const command = fileURLToPath(new URL("../bin/watertight.js", import.meta.url));
/** Writes what the process used when it ends. */
const usage = `data:text/javascript,${encodeURIComponent(
  'import { writeFileSync } from "node:fs"; process.on("exit", () => writeFileSync(process.env.USAGE_FILE, String(process.resourceUsage().maxRSS)));',
)}`;

const good = `create role app login;
create table public.notes (tenant_id uuid not null, id int not null, primary key (tenant_id, id));
alter table public.notes enable row level security;
alter table public.notes force row level security;
create policy own on public.notes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
grant select on public.notes to app;
`;

/** Ids of all processes below one; none where the system does not list them. */
function below(root: number): number[] {
  if (!existsSync("/proc/self/stat")) return [];
  const parents = readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      return [[Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])] as const];
    } catch {
      return [];
    }
  });
  const all = [root];
  for (const pid of all) all.push(...parents.filter(([, parent]) => parent === pid).map(([child]) => child));
  return all.slice(1);
}

interface Ended {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
  readonly peakMb: number;
  /** How many were seen below it. */
  readonly processes: number;
}

describe("bad input", () => {
  let folder: string;
  let own: string;
  beforeEach(async () => {
    if (!existsSync(fileURLToPath(new URL("../dist/index.js", import.meta.url))))
      throw new Error("npm run build first");
    folder = await mkdtemp(join(tmpdir(), "watertight-bad-"));
    own = await mkdtemp(join(tmpdir(), "watertight-bad-"));
  });
  afterEach(async () => {
    for (const each of [folder, own]) await rm(each, { recursive: true, force: true });
  });
  const put = async (files: Record<string, string | Uint8Array>): Promise<void> => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
  };
  /** Names, sizes and contents of what the user has; .watertight is ours. */
  const state = (at = folder): string[] =>
    readdirSync(at, { recursive: true, encoding: "utf8" })
      .filter((name) => !name.startsWith(".watertight") && statSync(join(at, name)).isFile())
      .toSorted()
      .map((name) => {
        const bytes = readFileSync(join(at, name));
        return `${name} ${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;
      });
  const check = async (...args: string[]): Promise<Ended> => {
    const before = state();
    const file = join(own, "usage");
    const env = { PATH: process.env["PATH"], HOME: own, TMPDIR: own, USAGE_FILE: file };
    const child = spawn(process.execPath, ["--import", usage, command, "check", ...args], { cwd: folder, env });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const seen = new Set<number>();
    const looking = setInterval(() => {
      for (const pid of below(child.pid!)) seen.add(pid);
    }, 100);
    const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
    clearInterval(looking);
    expect(
      [...seen].filter((pid) => existsSync(`/proc/${pid}`)),
      "the server and its helpers",
    ).toEqual([]);
    const peakMb = Math.round(Number(await readFile(file, "utf8")) / 1024);
    expect(peakMb, "memory").toBeLessThan(500);
    expect(state(), "the user's files").toEqual(before);
    return { exitCode, out, err, peakMb, processes: seen.size };
  };
  const failed = ({ out }: Ended): string[] =>
    (JSON.parse(out).statements.failed as { file: string; line: number; reason: string }[]).map(
      ({ file, line, reason }) => `${file}:${line} ${reason}`,
    );

  it("no migrations", async () => {
    const { exitCode, out, err } = await check();
    expect([exitCode, out, err]).toEqual([2, "", expect.stringContaining("WT_CHECK_NO_MIGRATIONS")]);
  });

  it("a file of 100 MB", { timeout: 120_000 }, async () => {
    await put({ "migrations/1.sql": good });
    const file = await open(join(folder, "migrations/2.sql"), "w");
    const block = "insert into public.notes values (gen_random_uuid(), 1);\n".repeat(20_000);
    for (let size = 0; size < 100 * 1024 * 1024; size += block.length) await file.write(block);
    await file.close();
    const alone = await check("--sql", "migrations/2.sql");
    expect([alone.exitCode, alone.err]).toEqual([2, expect.stringMatching(/too large: \d+ MiB, at most 50 MiB/)]);
    const both = await check("--json", "--no-attack");
    expect(both.exitCode).toBe(0);
    expect(failed(both)).toEqual([expect.stringMatching(/^migrations\/2\.sql:1 too large/)]);
    expect((await check("--no-attack", "--strict")).exitCode).not.toBe(0);
  });

  it("one statement of 40 MB", { timeout: 120_000 }, async () => {
    const rows = "(gen_random_uuid(), 1),\n".repeat(1_700_000);
    await put({ "migrations/1.sql": `${good}insert into public.notes values ${rows} (gen_random_uuid(), 2);` });
    const result = await check("--json", "--no-attack");
    expect([result.exitCode, failed(result)]).toEqual([
      0,
      [expect.stringMatching(/^migrations\/1\.sql:7 a statement of \d+ characters; at most/)],
    ]);
  });

  it("more statements than fit into memory, and than there is time for", { timeout: 240_000 }, async () => {
    const seconds = sized(10, 3);
    await put({
      "migrations/1.sql": good,
      "migrations/2.sql": "insert into public.notes values (gen_random_uuid(), 1);\n".repeat(sized(800_000, 300_000)),
      "watertight.config.json": `{ "limits": { "seconds": ${seconds} } }`,
    });
    const result = await check("--json", "--no-attack");
    expect(result.exitCode).toBe(0);
    expect(failed(result).at(-1)).toMatch(/from here on the file is not read/);
    expect(
      failed(result).some((each) => each.includes(`not run: the statements before took more than ${seconds} s`)),
    ).toBe(true);
  });

  it("UTF-16", async () => {
    await put({ "migrations/1.sql": Buffer.from(`\ufeff${good}`, "utf16le") });
    const result = await check("--json", "--no-attack");
    expect([result.exitCode, failed(result)]).toEqual([0, []]);
    if (process.platform === "linux") expect(result.processes).toBeGreaterThan(2);
    expect(JSON.parse(result.out).tables).toHaveLength(1);
  });

  const many = sized(10_000, 1000);
  it(`${many} small files`, { timeout: 240_000 }, async () => {
    const files = Array.from({ length: many }, (_, at) => [
      `migrations/${String(at).padStart(5, "0")}_x.sql`,
      at === 0 ? good : `comment on table public.notes is 'version ${at}';\n`,
    ]);
    await put(Object.fromEntries(files) as Record<string, string>);
    const result = await check("--json", "--no-attack");
    expect([result.exitCode, failed(result)]).toEqual([0, []]);
    expect(JSON.parse(result.out).source.migrations).toBe(many);
  });

  it("a migration that loops, sleeps, drops roles, runs programs and reads the machine's files", async () => {
    await put({
      "migrations/1.sql": good,
      "migrations/2.sql": `do $$ begin loop null; end loop; end $$;
select pg_sleep(3600);
drop role postgres;
copy public.notes from program 'touch owned';
create table public.seen as select pg_read_file('/etc/passwd') as text;
create tabel public.typo (id int);
`,
      "watertight.config.json": '{ "limits": { "statementSeconds": 1 } }',
    });
    const result = await check("--json");
    expect(failed(result).map((each) => each.replace(/^migrations\//, ""))).toEqual([
      expect.stringMatching(/^2\.sql:1 .*more than 1 s/),
      expect.stringMatching(/^2\.sql:2 .*more than 1 s/),
      expect.stringMatching(/^2\.sql:3 /),
      expect.stringMatching(/^2\.sql:6 .*tabel/),
    ]);
    const { skipped } = JSON.parse(result.out).statements as { skipped: { line: number; reason: string }[] };
    expect(skipped.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      expect.stringMatching(/^4 .*program/i),
      expect.stringMatching(/^5 .*pg_read_file/),
    ]);
    expect(result.out).not.toContain("root:x:0");
    expect(existsSync(join(folder, "owned"))).toBe(false);
  });

  it("a broken configuration", async () => {
    await put({ "migrations/1.sql": good, "watertight.config.json": "{ nothing" });
    const { exitCode, err } = await check();
    expect([exitCode, err]).toEqual([2, expect.stringContaining("watertight.config.json")]);
  });
});
