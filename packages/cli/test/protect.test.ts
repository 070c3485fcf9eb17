// What protect leaves to a person keeps its lines: a comment would swallow the statements behind it.
import { expect, it } from "vitest";
import { printLeft } from "../src/commands/check/protect.ts";
import { Printer } from "../src/output/printer.ts";

it("prints advice line by line, and nothing of it steers the terminal", () => {
  let out = "";
  const io = { out: (more: string) => void (out += more), colour: false } as ConstructorParameters<typeof Printer>[0];
  printLeft(new Printer(io, "protect", false), [
    { finding: "B22-notes", why: "it takes a decision", advice: "-- name yours\nalter policy a on b;\u001b[31m" },
  ]);
  expect(out.split("\n")).toEqual([
    "  B22-notes: it takes a decision",
    "    -- name yours",
    "    alter policy a on b;\\u001b[31m",
    "",
  ]);
});
