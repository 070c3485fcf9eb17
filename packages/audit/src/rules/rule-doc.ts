/**
 * The page of a rule, as it lies beside it. Pages travel with the package's sources.
 */
import { readFile } from "node:fs/promises";
import { rules } from "./index.ts";
import type { Rule } from "./rule.ts";

/** The rule of a vector, in any case of letters. */
export function ruleOf(id: string): Rule | undefined {
  return rules.find((rule) => rule.id.toLowerCase() === id.toLowerCase());
}

/** The Markdown of its page. */
export async function ruleDoc(rule: Rule): Promise<string> {
  return readFile(new URL(`../../src/rules/${rule.slug}/doc.md`, import.meta.url), "utf8");
}
