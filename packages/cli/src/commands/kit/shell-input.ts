/**
 * When is a typed statement complete? At a semicolon outside of quotes, comments and dollar quotes. Pure.
 */

const token =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|;|'|"|\/\*|\$(?:[A-Za-z_]\w*)?\$|[\s\S]/g;

/**
 * The statement without its semicolon, or undefined while it is not complete. A text of white space is complete and empty.
 * @example completeStatement("select ';';") === "select ';'"
 */
export function completeStatement(text: string): string | undefined {
  for (const match of text.matchAll(token)) {
    // an opening quote that was not consumed whole: its end is still to come
    if (["'", '"', "/*"].includes(match[0]) || /^\$\w*\$$/.test(match[0])) return undefined;
    if (match[0] === ";") return text.slice(0, match.index).trim();
  }
  return text.trim() === "" ? "" : undefined;
}
