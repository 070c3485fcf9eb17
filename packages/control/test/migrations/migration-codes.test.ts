// Table and documentation of the codes agree, in both directions and in their texts; an error ends with its next step and carries the shared brand.
import { readFileSync } from "node:fs";
import { MigrationError, migrationErrorCodes } from "@watertight/control";
import { isWatertightError } from "@watertight/runtime";
import { expect, test } from "vitest";

test("codes are the ones in docs/migrations.md", () => {
  const docs = readFileSync(new URL("../../../../docs/migrations.md", import.meta.url), "utf8");
  const documented = [...docs.matchAll(/^### (WT_MIGRATION_\w+)\n\n(.*)$/gm)].map(([, code, text]) => [code, text]);
  expect(documented).toEqual(
    Object.entries(migrationErrorCodes).map(([code, { what, next }]) => [code, `${what} **What to do.** ${next}`]),
  );
});

test("errors are known to every handler of the runtime's errors", () => {
  const error = new MigrationError("WT_MIGRATION_BUSY", { detail: "acme", sqlstate: "55P03" });
  expect(isWatertightError(error)).toBe(true);
  expect(error.message.endsWith(error.hint)).toBe(true);
  expect(error).toMatchObject({ retryable: true, sqlstate: "55P03", docUrl: "docs/migrations.md#wt_migration_busy" });
});
