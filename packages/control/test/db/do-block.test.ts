// A tenant's id that looks like the end of the statement stays inside of it.
import { expect, test } from "vitest";
import { doBlock } from "../../src/db/do-block.ts";

test("the quote is one that the body does not contain", () => {
  expect(doBlock("begin end")).toBe("do $watertight$ begin end $watertight$");
  const hostile = doBlock("'$watertight$; drop table x; $watertight1$'");
  expect(hostile.startsWith("do $watertight2$ ")).toBe(true);
  expect(hostile.split("$watertight2$")).toHaveLength(3);
});
