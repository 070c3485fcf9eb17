// The plan of a new rule: files, their place on the list, and refusals. And no rule may be left as the template has it.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { planRule } from "../plan-rule.mjs";

const root = new URL("../../../", import.meta.url);
const tool = new URL("../", import.meta.url);
const real = (path: string): string | undefined => {
  try {
    return readFileSync(new URL(path, path.startsWith("template/") ? tool : root), "utf8");
  } catch {
    return undefined;
  }
};
const rules = "packages/audit/src/rules";
const attacks = "packages/audit/test/rules/attacks";

const index = (...lines: string[]): string => `/** All rules. */
${lines.map((each) => `import { ${each.toLowerCase()} } from "./${each}-some-words/rule.ts";`).join("\n")}
import type { Rule } from "./rule.ts";

/** Every rule. */
export const rules: readonly Rule[] = [
${lines.map((each) => `  ${each.toLowerCase()},`).join("\n")}
];
`;
const tree =
  (files: Record<string, string>) =>
  (path: string): string | undefined =>
    path.startsWith("template/") ? real(path) : files[path];
const attackIndex = `import { attacksA } from "./a.ts";
import type { RuleAttack } from "./attack.ts";
export const attacks: readonly RuleAttack[] = [...attacksA];
`;
const familyA = `import { A, type RuleAttack } from "./attack.ts";
export const attacksA: readonly RuleAttack[] = [
  { rule: "A1", seed: [A], attack: [] },
];
`;
const small = tree({
  [`${rules}/index.ts`]: index("A2", "A10", "B1"),
  [`${attacks}/index.ts`]: attackIndex,
  [`${attacks}/a.ts`]: familyA,
});

test("makes a folder with all that a rule has", () => {
  const files = planRule("A3", "Rows without  owner!", small);
  expect([...files.keys()]).toEqual([
    `${rules}/A3-rows-without-owner/rule.ts`,
    `${rules}/A3-rows-without-owner/doc.md`,
    `${rules}/A3-rows-without-owner/red.sql`,
    `${rules}/A3-rows-without-owner/green.sql`,
    `${rules}/index.ts`,
    `${attacks}/a.ts`,
  ]);
  for (const [path, text] of files) expect(text, path).not.toContain("{{");
  expect(files.get(`${rules}/A3-rows-without-owner/rule.ts`)).toContain("export const rowsWithoutOwner: Rule");
});

test("puts it on the list in the order of the catalogue", () => {
  const listed = (id: string): string[] =>
    [
      ...planRule(id, "new one", small)
        .get(`${rules}/index.ts`)!
        .matchAll(/^ {2}(\w+),$/gm),
    ].map(([, name]) => name!);
  const imported = (id: string): string[] =>
    [
      ...planRule(id, "new one", small)
        .get(`${rules}/index.ts`)!
        .matchAll(/^import \{ (\w+)/gm),
    ].map(([, name]) => name!);
  for (const order of [listed, imported]) {
    expect(order("A1")).toEqual(["newOne", "a2", "a10", "b1"]);
    expect(order("A3")).toEqual(["a2", "newOne", "a10", "b1"]);
    expect(order("A11")).toEqual(["a2", "a10", "newOne", "b1"]);
    expect(order("P1")).toEqual(["a2", "a10", "b1", "newOne"]);
  }
});

test("the first rule of all, on an empty list", () => {
  const empty = 'import type { Rule } from "./rule.ts";\n\nexport const rules: readonly Rule[] = [];\n';
  const text = planRule("A1", "first", tree({ [`${rules}/index.ts`]: empty, [`${attacks}/a.ts`]: familyA })).get(
    `${rules}/index.ts`,
  );
  expect(text).toBe(
    'import { first } from "./A1-first/rule.ts";\nimport type { Rule } from "./rule.ts";\n\nexport const rules: readonly Rule[] = [first];\n',
  );
});

test("adds an attack, with its imports, also as the first of a family", () => {
  const known = planRule("A3", "new one", small).get(`${attacks}/a.ts`)!;
  expect(known).toContain('import { A, B, CANARY, type RuleAttack, twoTenants } from "./attack.ts";');
  expect(known.indexOf('rule: "A3"')).toBeGreaterThan(known.indexOf('rule: "A1"'));
  const files = planRule("C1", "new one", small);
  expect(files.get(`${attacks}/c.ts`)).toContain("export const attacksC: readonly RuleAttack[] = [\n  {");
  expect(files.get(`${attacks}/index.ts`)).toContain('import { attacksC } from "./c.ts";');
  expect(files.get(`${attacks}/index.ts`)).toContain("[...attacksA, ...attacksC];");
});

test("gives a keyword another name", () => {
  const text = (words: string): string | undefined => planRule("A3", words, small).get(`${rules}/index.ts`);
  expect(text("delete")).toContain("import { ruleDelete } from");
  expect(text("2 owners")).toContain("import { rule2Owners } from");
});

test.for([
  ["A2", "other words", /A2 exists/],
  ["A3", "b1", /named b1 already/],
  ["Z1", "words", /no id/],
  ["a3", "words", /no id/],
  ["A03", "words", /no id/],
  ["A3", " -- ", /few words/],
] as const)("refuses %s %s", ([id, words, message]) => {
  expect(() => planRule(id, words, small)).toThrow(message);
});

test("knows the real list", () => {
  const text = planRule("P99", "very last", real).get(`${rules}/index.ts`)!;
  expect(text).toMatch(/import \{ veryLast \} from "\.\/P99-very-last\/rule\.ts";\nimport type \{ Rule \}/);
  expect(text).toMatch(/ {2}veryLast,\n\];/);
});

test("no rule is still a template", () => {
  const folders = readdirSync(new URL(`${rules}/`, root)).filter((name) => /^[A-Z]\d+-/.test(name));
  expect(folders.length).toBeGreaterThan(0);
  const left = folders.flatMap((folder) =>
    readdirSync(new URL(`${rules}/${folder}/`, root))
      .filter((file) => real(`${rules}/${folder}/${file}`)?.includes("TO REPLACE:"))
      .map((file) => `${folder}/${file}`),
  );
  const unfinished = readdirSync(new URL(`${attacks}/`, root)).filter((file) =>
    real(`${attacks}/${file}`)?.includes("TO REPLACE:"),
  );
  expect([...left, ...unfinished]).toEqual([]);
});
