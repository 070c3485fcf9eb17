/**
 * Characters that steer terminals, editors and readers' eyes (controls, bidirectional overrides) as what they are. Line ends stay.
 */
import type { Report } from "./report.ts";

/** The text with such characters written out. */
function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    if (character === "\n") return character;
    return character === "\t" ? "  " : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** The report with every text so. */
export function visibleReport(report: Report): Report {
  const show = (_: string, value: unknown): unknown => (typeof value === "string" ? visible(value) : value);
  return JSON.parse(JSON.stringify(report), show) as Report;
}
