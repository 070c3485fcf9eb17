/** Tagged templates: every value becomes a parameter, so that no text can become SQL. */
import type { Statement } from "./pipeline.ts";

/** The statement of a template. */
export function statementOf(template: TemplateStringsArray, values: readonly unknown[]): Statement {
  const text = template.reduce((before, part, i) => `${before}$${i}${part}`);
  return { text, values };
}
