/**
 * Values that Knex puts into raw SQL itself: ?? for a name, ? for a value, \? for the character.
 */
import { quoteName, quoteText } from "@watertight/schema";
import type { CodeText } from "./text.ts";
import { asText, type Value } from "./values.ts";

const asName = (text: string): string => text.split(".").map(quoteName).join(".");

/** SQL with the values of `bindings` in it, where all are known; only `raw` does this. */
export function bind(sql: CodeText, bindings: Value | undefined, method: string): CodeText {
  if (method !== "raw") return sql;
  // an odd number of backslashes goes, all of them
  const plain = (text: string): CodeText => ({ ...sql, text: text.replaceAll(/(?<!\\)\\(?:\\\\)*\?/g, "?") });
  if (bindings?.kind === "object") {
    const text = sql.text.replaceAll(/:(\w+)(:?)/g, (whole, name: string, colon: string) => {
      const value = bindings.fields.get(name);
      const known = value && asText(value);
      return known === undefined ? whole : colon === ":" ? asName(known.text) : quoteText(known.text);
    });
    return plain(text);
  }
  const values = bindings?.kind === "list" ? bindings.items : bindings === undefined ? [] : [bindings];
  let next = 0;
  const text = sql.text.replaceAll(/\\\?|\?\??/g, (mark) => {
    if (mark === "\\?") return mark;
    const value = values[next];
    const known = value && asText(value);
    next += 1;
    return known === undefined ? mark : mark === "??" ? asName(known.text) : quoteText(known.text);
  });
  return plain(text);
}
