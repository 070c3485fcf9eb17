// A folder that somebody else made cannot keep the verification waiting, nor lead it elsewhere.
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifyExport } from "../../src/export/verify-export.ts";

test("a pipe and a link are no files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "watertight-verify-"));
  try {
    execFileSync("mkfifo", [join(folder, "0001_a.csv")]);
    await symlink("/etc/hostname", join(folder, "0002_b.csv"));
    const table = (file: string) => ({ file, rows: 0, bytes: 0, sha256: "0".repeat(64) });
    await writeFile(
      join(folder, "manifest.json"),
      JSON.stringify({
        format: "watertight-export",
        formatVersion: 1,
        tenant: "t",
        snapshot: { at: "x" },
        tables: [table("0001_a.csv"), table("0002_b.csv")],
      }),
    );
    expect(await verifyExport(folder)).toMatchObject({
      valid: false,
      problems: ["0001_a.csv: not a file", "0002_b.csv: ELOOP"],
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
