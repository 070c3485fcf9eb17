/**
 * Placeholders that a tool fills in before PostgreSQL sees the SQL: ${x}, {{x}}, @@x@@, <%= x %>, :x, :'x', :"x". Finds them and says which
 * harmless value reads well. Must never pretend: whoever fills one in names it in `adapted`.
 */
import { tokenAt } from "./lex.ts";

/** A placeholder in a text. */
export interface Placeholder {
  readonly start: number;
  readonly end: number;
  /** As it is written. */
  readonly source: string;
  /** What stands between its marks. */
  readonly name: string;
  /** How it is written decides what it can be. */
  readonly form: "template" | "variable" | "literal" | "identifier";
  /** What it stands within: a quoted name, a text (string or dollar quote), nothing. */
  readonly within: "name" | "text" | null;
}

const TEMPLATE = /\$\{([^{}\n]+)\}|\{\{([^{}\n]+)\}\}|@@(\w+)@@|<%=?([^%\n]+)%>/g;
const COLONS = /:([A-Z][A-Z0-9_]+)\b/g;
const VARIABLE = /:(?:([A-Za-z_]\w*)|'([A-Za-z_]\w*)'|"([A-Za-z_]\w*)")/y;

function templates(text: string, offset: number, within: Placeholder["within"], pattern = TEMPLATE): Placeholder[] {
  pattern.lastIndex = 0;
  return [...text.matchAll(pattern)].map((match) => {
    const name = (match[1] ?? match[2] ?? match[3] ?? match[4] ?? "").trim();
    const start = offset + match.index;
    return { start, end: start + match[0].length, source: match[0], name, form: "template", within };
  });
}

/** All placeholders of a text that are not in comments, in their order. With `colons` also :NAME in capitals within quotes. */
export function findPlaceholders(text: string, colons = false): Placeholder[] {
  const found: Placeholder[] = [];
  for (let at = 0; at < text.length;) {
    TEMPLATE.lastIndex = at;
    const here = /[$@{<]/.test(text.charAt(at)) ? TEMPLATE.exec(text) : null;
    if (here?.index === at) {
      found.push(...templates(here[0], at, null));
      at += here[0].length;
      continue;
    }
    VARIABLE.lastIndex = at;
    const variable = text[at] === ":" && text[at - 1] !== ":" ? VARIABLE.exec(text) : null;
    if (variable !== null) {
      const [source, plain, literal, identifier = ""] = variable;
      const form =
        plain !== undefined ? (colons ? "template" : "variable") : literal !== undefined ? "literal" : "identifier";
      found.push({
        start: at,
        end: at + source.length,
        source,
        name: plain ?? literal ?? identifier,
        form,
        within: null,
      });
      at += source.length;
      continue;
    }
    const { kind, end } = tokenAt(text, at);
    if (kind === "string" || kind === "name" || kind === "dollar")
      found.push(...templates(text.slice(at, end), at, kind === "name" ? "name" : "text", colons ? COLONS : TEMPLATE));
    at = end;
  }
  return found;
}

/** Whether a text may hold any, cheaply. */
export const mayHoldPlaceholder = (text: string): boolean => /\$\{|\{\{|@@\w|<%|(?<!:):['"]?[A-Za-z_]/.test(text);

/** Whether a placeholder's name says enough to stand for it: no expression. */
export const isPlain = (name: string): boolean => /^[\w.:$-]+$/.test(name);

/** A name made of what stands between the marks: the last part of a path, in lower case. */
export function nameFor(name: string): string {
  const last = name.split(/[.:$]/).findLast((part) => part !== "") ?? name;
  const word = last
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/\W/g, "_");
  return /^\d/.test(word) ? `_${word}` : word;
}

/** Puts values in the places of placeholders. */
export function replaceAll(text: string, values: readonly (readonly [Placeholder, string])[]): string {
  let out = "";
  let at = 0;
  for (const [{ start, end }, value] of values) {
    out += text.slice(at, start) + value;
    at = end;
  }
  return out + text.slice(at);
}
