/**
 * What every rule's folder must hold, checked without a server: an id and a slug that agree, a doc page with its five headings, and two
 * fixtures that differ by ONE statement. A rule is found through rules/index.ts and nowhere else.
 */
import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { rules } from "../../src/rules/index.ts";
import {
  difference,
  fixturePairs,
  type FixtureStatement,
  fixtureStatements,
  readRuleFile,
} from "../support/fixture-sql.ts";

const headings = ["What", "Why", "Proof", "Fix", "When to accept"];

test("every folder of a rule is in the list, once", async () => {
  const entries = await readdir(new URL("../../src/rules", import.meta.url), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && /^[A-Z]\d+-/.test(entry.name));
  expect(rules.map(({ slug }) => slug).sort()).toEqual(folders.map(({ name }) => name).sort());
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
});

describe.for(rules.map((rule) => [rule.slug, rule] as const))("%s", ([slug, rule]) => {
  test("is named after its vector", () => {
    expect(slug).toMatch(new RegExp(`^${rule.id}-[a-z0-9]+(-[a-z0-9]+)*$`));
    expect(rule.title).not.toBe("");
    expect(rule.title).not.toMatch(/\.$/);
  });

  test("has a doc page with the five headings and SQL to paste", async () => {
    const doc = await readRuleFile(slug, "doc.md");
    expect(doc.split("\n")[0]).toMatch(new RegExp(`^# ${rule.id} \\S`));
    expect([...doc.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(headings);
    const sections = doc.split(/^## .*$/m).slice(1);
    for (const [index, text] of sections.entries()) expect(text.trim(), headings[index]).not.toBe("");
    expect(sections[2], "proof").toMatch(/```sql\n[^`]+```/);
  });

  test("has fixtures that differ by one statement", async () => {
    const pairs = await fixturePairs(slug);
    expect(pairs).toContainEqual({ red: "red.sql", green: "green.sql" });
    for (const files of pairs) {
      const of = async (file: string): Promise<FixtureStatement[]> => fixtureStatements(await readRuleFile(slug, file));
      const left = difference(await of(files.red), await of(files.green));
      expect(left.red.length + left.green.length, "something differs").toBeGreaterThan(0);
      for (const colour of ["red", "green"] as const)
        expect(left[colour].map(({ text }) => text).slice(1), `differs in ${files[colour]} beyond the first`).toEqual(
          [],
        );
    }
  });
});
