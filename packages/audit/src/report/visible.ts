/**
 * Characters that steer terminals, editors and readers' eyes (controls, bidirectional overrides) as what they are. Line ends stay.
 */
import type { Report } from "./report.ts";

// \p{Bidi_Control}: the overrides and isolates U+202A to U+202E and U+2066 to U+2069, and the three marks; what follows are no characters for XML
const steering = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\p{Surrogate}\ufffe\uffff]/gu;
const written = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** The text with such characters written out. */
function visible(text: string): string {
  return text.replaceAll(steering, (character) => {
    if (character === "\n") return character;
    return character === "\t" ? "  " : written(character);
  });
}

/** JSON without such characters: escaped as JSON escapes, so that nothing of the value is lost. */
export function visibleJson(value: unknown, indent: number): string {
  return JSON.stringify(value, null, indent).replaceAll(steering, (character) =>
    character === "\n" ? character : written(character),
  );
}

/** The report with every text so. */
export function visibleReport(report: Report): Report {
  const show = (_: string, value: unknown): unknown => (typeof value === "string" ? visible(value) : value);
  return JSON.parse(JSON.stringify(report), show) as Report;
}
