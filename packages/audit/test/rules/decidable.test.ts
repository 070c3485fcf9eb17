/** The list of who decides what, against the rules that there are. Both must change together. */
import { expect, test } from "vitest";
import { decisions } from "../../src/rules/decidable.ts";
import { rules } from "../../src/rules/index.ts";
import { residuals } from "../../src/rules/residuals.ts";

const bySchema = decisions.filter(({ by }) => by === "schema").map(({ id }) => id);
const ruled = new Set(rules.map(({ id }) => id));

test("the list holds the 107 vectors of the catalogue, each once", () => {
  expect(decisions).toHaveLength(107);
  expect(new Set(decisions.map(({ id }) => id)).size).toBe(107);
});

test("every rule is on a vector that a schema decides", () => {
  expect([...ruled].filter((id) => !bySchema.includes(id))).toEqual([]);
});

test("every vector that a schema decides has a rule", () => {
  expect(bySchema.filter((id) => !ruled.has(id))).toEqual([]);
  // what was promised, should the line above ever have to give way
  expect(ruled.size).toBeGreaterThanOrEqual(70);
  expect(ruled.size).toBeGreaterThanOrEqual(bySchema.length * 0.9);
});

test("what is left out has a place and a reason of one sentence", () => {
  for (const decision of decisions) {
    const said = decision.by === "schema" ? decision.also : { where: decision.by, because: decision.because };
    if (said === undefined) continue;
    expect(["pool", "application", "server"]).toContain(said.where);
    expect(said.because).toMatch(/^[A-Z].{20,}\.$/);
  }
});

test("residuals are no findings, and the six universal ones are among them", () => {
  const vectors = residuals.map(({ vector }) => vector);
  expect(vectors).toEqual(expect.arrayContaining(["G1", "G2", "G3", "G4", "G9", "H3"]));
  expect(vectors.filter((vector) => ruled.has(vector))).toEqual([]);
  for (const { text } of residuals) expect(text).toMatch(/\.$/);
});
