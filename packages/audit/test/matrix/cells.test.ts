// Verdicts of cells from what was tried: a table that all share is only called so when whoever looked into it was done looking.
import { expect, test } from "vitest";
import { cellsOf, type TableState } from "../../src/matrix/cells.ts";
import { type Attempt, matrixColumns } from "../../src/matrix/matrix.ts";

const relation = { schema: "public", name: "people" };
const state = (kind: "global" | "unknown" | "column", more: Partial<TableState> = {}): TableState => ({
  table: {
    relation,
    tenancy: { kind } as TableState["table"]["tenancy"],
    evidence: { source: "inferred", because: [] } as unknown as TableState["table"]["evidence"],
    publicRows: null,
  },
  unseeded: null,
  missed: new Map(),
  over: null,
  blind: false,
  opaque: null,
  allPublic: false,
  ...more,
});
const looked = (result: Attempt["result"]): Attempt => ({
  vector: "A1",
  column: "read",
  table: relation,
  name: "look for people",
  object: null,
  role: "app",
  connection: "reused",
  result,
  evidence: "57014 canceling statement due to statement timeout",
  bites: null,
  proof: null,
  repro: "",
});
const read = (of: TableState, attempts: readonly Attempt[] = []): unknown[] => {
  const { verdict, reason } = cellsOf(matrixColumns, of, attempts).find(({ column }) => column === "read")!;
  return [verdict, reason];
};

test("a shared table is exempt only when all that was planned for it ran to its end", () => {
  expect(read(state("global"))).toEqual(["EXEMPT", "shared by all tenants"]);
  const missed = new Map([["read", 1] as const]);
  expect(read(state("global", { missed, over: "the time given was over" }))).toEqual([
    "UNVERIFIED",
    "1 attack did not run: the time given was over",
  ]);
  expect(read(state("global"), [looked("error")])).toEqual(["UNVERIFIED", expect.stringContaining("57014")]);
  expect(read(state("global", { missed }), [looked("leaked")])).toEqual(["LEAK", null]);
});

test("attacks that did not run name who could not log in, or the time", () => {
  const missed = new Map([["read", 2] as const]);
  expect(read(state("column", { missed, over: "app could not log in: no" }))).toEqual([
    "UNVERIFIED",
    "2 attacks did not run: app could not log in: no",
  ]);
});
