// What could not be decided is told by reason: each once, with its number and its tables.
import { expect, it } from "vitest";
import { byReason, printUndecided } from "../src/commands/check/unverified.ts";
import { Printer } from "../src/output/printer.ts";

type Cells = Parameters<typeof byReason>[0];
const cell = (table: string, column: Cells[number]["column"], reason: string | null): Cells[number] => ({
  table,
  column,
  verdict: "UNVERIFIED",
  reason,
});
const text = (cells: Cells): string => {
  let out = "";
  const io = { out: (more: string) => void (out += more), colour: false } as ConstructorParameters<typeof Printer>[0];
  printUndecided(new Printer(io, "explain", false), byReason(cells));
  return out;
};

it("groups by reason, the most frequent first", () => {
  const cells = [
    cell("public.b", "delete", "it\u001b[2J does not bite"),
    cell("public.a", "read", "no role is known"),
    cell("public.a", "insert", "no role is known"),
    cell("public.b", "read", "no role is known"),
  ];
  expect(text(cells).split("\n")).toEqual([
    "3 cells of 2 tables UNVERIFIED: no role is known",
    "    public.a: read, insert",
    "    public.b: read",
    "1 cell of 1 table UNVERIFIED: it\\u001b[2J does not bite",
    "    public.b: delete",
    "",
  ]);
  expect(byReason(cells)[0]).toEqual({
    verdict: "UNVERIFIED",
    reason: "no role is known",
    cells: 3,
    tables: { "public.a": ["read", "insert"], "public.b": ["read"] },
  });
  const unreliable = { ...cell("public.a", "read", "no role is known"), verdict: "UNRELIABLE" as const };
  expect(byReason([...cells, unreliable])).toHaveLength(3);
});

it("says so where everything was decided", () => {
  expect(text([])).toBe("Every cell of the last check was decided.\n");
});
