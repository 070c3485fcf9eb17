// The manifest and the intruder agree, both ways. That each hole really leaks is shown on real servers in holes.db.test.ts.
import { describe, expect, it } from "vitest";
import { chooseHoles, holes } from "../src/holes/holes.ts";
import { attempts } from "../src/intruder/attempts.ts";

describe("holes", () => {
  it("have names of their own", () => {
    expect(new Set(holes.map((hole) => hole.id)).size).toBe(holes.length);
    expect(new Set(attempts.map((attempt) => attempt.id)).size).toBe(attempts.length);
  });
  it.each(holes.map((hole) => [hole.id, hole] as const))("%s is exercised by an attempt that exists", (_, hole) => {
    expect(hole.attacks.length).toBeGreaterThan(0);
    for (const attack of hole.attacks) expect(attempts.map(({ id }) => id)).toContain(attack);
  });
  it.each(attempts.map((attempt) => [attempt.id] as const))("attempt %s belongs to a hole", (id) => {
    expect(holes.filter((hole) => hole.attacks.includes(id))).toHaveLength(1);
  });
  it("each open something", () => {
    for (const hole of holes) expect(hole.database ?? hole.application ?? hole.plainLevel, hole.id).toBeDefined();
  });
  it("cover the vectors of the demonstration", () => {
    const vectors = new Set(holes.map((hole) => hole.vector));
    for (const vector of [
      "A1",
      "A3",
      "A4",
      "B3",
      "B6",
      "B7",
      "B8",
      "B12",
      "B17",
      "C1",
      "C8",
      "C12",
      "D1",
      "D3",
      "D4",
      "E1",
      "E5",
      "F1",
      "F4",
    ])
      expect(vectors).toContain(vector);
  });
  it("can be chosen by vector and by name", () => {
    expect(chooseHoles(["a4"]).map((hole) => hole.id)).toEqual([
      "admin-pool",
      "job-without-tenant",
      "export-as-migrator",
    ]);
    expect(chooseHoles(["admin-pool"])).toHaveLength(1);
    expect(() => chooseHoles(["Z9"])).toThrow();
  });
});
