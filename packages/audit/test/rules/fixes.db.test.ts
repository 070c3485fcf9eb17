/**
 * The fix of a finding, run as it stands on the rule's red fixture: every statement runs, in the order in which it is written, and the rule is silent
 * afterwards; and the same once more with names that need quotes, as those of Prisma and TypeORM do. Fixes that are words are listed: a new one must be written as SQL or named here with its reason.
 */
import { describeServers } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import { split } from "../../src/parse/split.ts";
import { rules } from "../../src/rules/index.ts";
import { parseStatements } from "../../src/understand/sql/parser.ts";
import { factsOf } from "../support/facts.ts";
import { readRuleFile } from "../support/fixture-sql.ts";

/** Fixes that take a person: other code, another design, or a choice between several. */
const inWords = new Set(
  "A7 A10 B9 B10 B11 B12 B18 B20 B21 C1 C2 C3 C4 C5 C7 C8 C10 C11 D4 D8 D9 D10 D14 D15 E6 E7 E9 F7 F9 F10 F11 P1".split(
    " ",
  ),
);

/** The statements of a fix; null where something in it is neither SQL nor a comment. */
function statementsOf(fix: string): string[] | null {
  const pieces = split(fix).map(({ start, end }) => fix.slice(start, end));
  return pieces.length > 0 && pieces.every((piece) => !piece.includes("…") && parseStatements(piece) !== null)
    ? pieces
    : null;
}

/** The fixture with tables and tenant columns named as Prisma and TypeORM name them. */
function inCamelCase(sql: string): string {
  const tables = [...sql.matchAll(/create (?:table|(?:materialized )?view) (?:if not exists )?\w+\.(\w+)/g)];
  const names = new Set(tables.flatMap(([, name]) => (name === undefined || name === "tenants" ? [] : [name])));
  return [...names].reduce(
    (text, name) => text.replaceAll(new RegExp(`\\b${name}\\b`, "g"), `"${name[0]!.toUpperCase()}${name.slice(1)}"`),
    sql.replaceAll(/(?<!app\.)\btenant_id\b/g, '"tenantId"'),
  );
}

describeServers((server) => {
  describe.concurrent("fixes", () => {
    const all = rules.filter(({ needs }) => needs === "catalog");
    const inSql = all.filter(({ id }) => !inWords.has(id));
    test.for([
      ...all.map((rule) => [rule.slug, rule, (sql: string): string => sql] as const),
      ...inSql.map((rule) => [`${rule.slug} in camel case`, rule, inCamelCase] as const),
    ])("%s", async ([, rule, named]) => {
      const facts = await factsOf(server, named(await readRuleFile(rule.slug, "red.sql")));
      try {
        const found = rule.find(facts);
        expect(found).not.toEqual([]);
        const fixes = found.map(({ fix }) => statementsOf(fix));
        expect(fixes.includes(null), found.map(({ fix }) => fix).join("\n")).toBe(inWords.has(rule.id));
        if (inWords.has(rule.id)) return;
        for (const sql of new Set(fixes.flatMap((fix) => fix ?? []))) await facts.admin.query(facts.translate(sql));
        expect(rule.find(await facts.reread()).map(({ message }) => message)).toEqual([]);
      } finally {
        await facts.drop();
      }
    });
  });
});
