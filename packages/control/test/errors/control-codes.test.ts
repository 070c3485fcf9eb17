// Table and documentation of the control plane's error codes agree, in both directions; an error ends with its next step and carries the shared brand.
import { readFileSync } from "node:fs";
import { isWatertightError } from "@watertight/runtime";
import { expect, test } from "vitest";
import { controlErrorCodes } from "../../src/errors/control-codes.ts";
import { controlError } from "../../src/errors/control-error.ts";

test("the codes are the ones in docs/control.md", () => {
  const docs = readFileSync(new URL("../../../../docs/control.md", import.meta.url), "utf8");
  const documented = [...docs.matchAll(/^### (WT_\w+)$/gm)].map((match) => match[1]);
  expect(documented.toSorted()).toEqual(Object.keys(controlErrorCodes).toSorted());
});

test("errors are known to every handler of the runtime's errors", () => {
  const error = controlError("WT_CATALOG_NOT_FOUND", { detail: "x" });
  expect(isWatertightError(error)).toBe(true);
  expect(error.message.endsWith(error.hint)).toBe(true);
  expect(error.docUrl).toBe("docs/control.md#wt_catalog_not_found");
});
