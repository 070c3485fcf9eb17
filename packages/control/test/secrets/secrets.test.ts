/** Secrets by reference: read, kept, removed; what cannot be read says why and never what. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileStore } from "../../src/secrets/file-store.ts";
import { asReference, openSecrets, type Secrets } from "../../src/secrets/secrets.ts";

let folder: string;
let secrets: Secrets;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "watertight-secrets-"));
  secrets = openSecrets({
    env: { A: "from env" },
    stores: { local: fileStore(join(folder, "store")) },
    keepIn: "local",
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("reads the environment and files", async () => {
  await writeFile(join(folder, "b"), "from file\n");
  expect(await secrets.read("env:A")).toBe("from env");
  expect(await secrets.read(`file:${join(folder, "b")}`)).toBe("from file");
});

test("keeps what is made here where only this user reads it", async () => {
  const reference = await secrets.keep("role/../../../etc/x", "made here");
  expect(reference).toBe("local:role/../../../etc/x");
  expect(await secrets.read(reference)).toBe("made here");
  const [name] = await readdir(join(folder, "store"));
  const facts = await stat(join(folder, "store", name as string));
  expect(facts.mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "store"))).mode & 0o777).toBe(0o700);
  await secrets.remove(reference);
  await secrets.remove(reference);
  await expect(secrets.read(reference)).rejects.toMatchObject({ code: "WT_SECRET" });
});

test.each([
  "env:MISSING",
  "file:relative",
  "file:/nowhere/at/all",
  "vault:x",
  "constructor:x",
  "nothing",
  ":x",
  "local:",
])("%s cannot be read, and says so", async (reference) => {
  await expect(secrets.read(reference)).rejects.toMatchObject({ code: "WT_SECRET" });
});

test.each(["hunter2", "postgres://a:b@c/d", "env:A=b", "has space: x", "k001:a b", ""])(
  "%j is no reference, and the refusal does not repeat it",
  (text) => {
    expect(asReference("env:APP_PASSWORD", "x")).toBe("env:APP_PASSWORD");
    try {
      asReference(text, "rwSecret");
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "WT_SECRET" });
      if (text !== "") expect((error as Error).message).not.toContain(text);
    }
  },
);

test("a secret is replaced as a whole, readable for nobody else, and a link in its place is not followed", async () => {
  const outside = join(folder, "outside");
  await writeFile(outside, "untouched");
  await secrets.keep("role", "first");
  const path = join(folder, "store", "role");
  await chmod(path, 0o644);
  await Promise.all(Array.from({ length: 20 }, (_, i) => secrets.keep("role", `${i}`.repeat(20_000))));
  const value = await secrets.read("local:role");
  expect(value).toMatch(/^(\d{1,2})\1{19999}$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, "store"))).toEqual(["role"]);
  await rm(path);
  await symlink(outside, path);
  await secrets.keep("role", "second");
  expect(await readFile(outside, "utf8")).toBe("untouched");
  expect(await secrets.read("local:role")).toBe("second");
});

test("a folder that others may enter keeps no secret", async () => {
  await mkdir(join(folder, "store"));
  await chmod(join(folder, "store"), 0o755);
  await expect(secrets.keep("role", "value")).rejects.toMatchObject({ code: "WT_SECRET" });
  expect(await readdir(join(folder, "store"))).toEqual([]);
});

test.each(["x".repeat(300), "\ud800", ""])("%j is no name", async (name) => {
  await expect(secrets.keep(name, "value")).rejects.toMatchObject({ code: "WT_SECRET" });
  await expect(secrets.read(`local:${name}`)).rejects.toMatchObject({ code: "WT_SECRET" });
});

test("an empty file holds no secret", async () => {
  await writeFile(join(folder, "empty"), "\n");
  await expect(secrets.read(`file:${join(folder, "empty")}`)).rejects.toMatchObject({ code: "WT_SECRET" });
});
