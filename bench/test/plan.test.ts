// Which combinations a run measures, and that a quick run on a slow machine becomes shorter and never empty.
import { expect, test } from "vitest";
import { cellBudget, countCells, planGroups, shareOf } from "../src/hot-path/plan.ts";

test("a full run has every combination that means something", () => {
  const groups = planGroups({ quick: false });
  // pg and postgres.js: 3 widths, 2 transports, 4 cases, 5 variants; PGlite: 4 cases, 5 variants
  expect(countCells(groups)).toBe(2 * 3 * 2 * 4 * 5 + 4 * 5);
  expect(groups.filter((group) => group.driver === "pglite")).toMatchObject([{ transport: "raw", connections: 1 }]);
});

test("a quick run leaves out cases at 64 connections only", () => {
  const full = planGroups({ quick: false });
  const quick = planGroups({ quick: true });
  expect(quick).toHaveLength(full.length);
  for (const [i, group] of quick.entries()) {
    if (group.connections === 64) expect(group.cases).toEqual(["point"]);
    else expect(group).toEqual(full[i]);
  }
});

test("unscoped is measured whatever is asked for: the others are ratios to it", () => {
  for (const group of planGroups({ quick: false, variants: ["sealed"] }))
    expect(group.variants).toEqual(["unscoped", "sealed"]);
});

test("the time that is left is shared out and never falls to nothing", () => {
  const shares = planGroups({ quick: true }).map(shareOf);
  const rich = cellBudget(shares[0]!, shares.slice(1), 30_000);
  const poor = cellBudget(shares[0]!, shares.slice(1), 3_000);
  expect(rich).toBeGreaterThan(poor);
  expect(poor).toBeGreaterThan(0);
  expect(cellBudget(shares[0]!, shares.slice(1), -5_000)).toBeGreaterThan(0);
  // No group may take more than what is left.
  for (const [i, share] of shares.entries())
    expect(cellBudget(share, shares.slice(i + 1), 30_000) * share.cells).toBeLessThanOrEqual(30_000);
});
