/**
 * SQL as a literal of TypeScript and JavaScript. Must never let a name of the schema end the literal or put code into it.
 */

/** A template literal with exactly this text. Line ends stay as they are, except for CR, which a template would turn into LF. */
export const templateLiteral = (text: string): string =>
  `\`${text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${").replaceAll("\r", "\\r")}\``;
