// Table and documentation of the kit's error codes agree, in both directions; an error ends with its next step and carries the shared brand.
import { readFileSync } from "node:fs";
import { isWatertightError } from "@watertight/runtime";
import { kitError, kitErrorCodes } from "@watertight/schema";
import { describe, expect, it } from "vitest";

describe("kit error codes", () => {
  it("are the ones in docs/kit.md", () => {
    const docs = readFileSync(new URL("../../../../docs/kit.md", import.meta.url), "utf8");
    const documented = [...docs.matchAll(/^### (WT_KIT_\w+)$/gm)].map((match) => match[1]);
    expect(documented).toEqual(Object.keys(kitErrorCodes));
  });

  it("make errors that every handler of the runtime's errors knows", () => {
    const error = kitError("WT_KIT_TABLE", { detail: "x" });
    expect(isWatertightError(error)).toBe(true);
    expect(error.message.endsWith(error.hint)).toBe(true);
    expect(error.docUrl).toBe("docs/kit.md#wt_kit_table");
  });
});
