/** Secrets by reference: read, kept, removed; what cannot be read says why and never what. */
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileStore, openSecrets, type Secrets } from "../../src/secrets/secrets.ts";

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
