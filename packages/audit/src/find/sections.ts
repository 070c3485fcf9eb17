/**
 * Files that hold both directions, told apart by comments: only what runs on the way up is read.
 */
import type { Fragment } from "./migration.ts";
import { type Draft, leave, stretch, whole } from "./tool.ts";

/** The comments of a tool. */
export interface Markers {
  readonly up: RegExp;
  readonly down: RegExp;
}

/** Markers of tools that are otherwise plain folders of SQL. */
const known: readonly (readonly [name: string, markers: Markers])[] = [
  ["goose", { up: /^--\s*\+goose\s+up\b.*$/im, down: /^--\s*\+goose\s+down\b.*$/im }],
  ["sql-migrate", { up: /^--\s*\+migrate\s+up\b.*$/im, down: /^--\s*\+migrate\s+down\b.*$/im }],
  ["Play evolutions", { up: /^#\s*---\s*!ups\b.*$/im, down: /^#\s*---\s*!downs\b.*$/im }],
  ["plain", { up: /^--\s*-*\s*up\s*-*\s*$/im, down: /^--\s*-*\s*down\s*-*\s*$/im }],
  ["undo", { up: /^--\s*@up\b.*$/im, down: /^--\s*(?:@down|\/\/\s*@undo|@undo)\b.*$/im }],
];

/** From the marker of `up` to the marker of `down`, whichever comes first; the whole text without `up`, up to a `down`. */
export function upSection(text: string, { up, down }: Markers): readonly Fragment[] {
  const start = up.exec(text);
  const stop = down.exec(text);
  const from = start === null ? 0 : start.index + start[0].length;
  return [stretch(text, from, stop !== null && stop.index >= from ? stop.index : text.length)];
}

/** Whether a text holds a tool's markers; plain "-- up" and "-- down" count only together. */
function holds(text: string, name: string, { up, down }: Markers): boolean {
  if (name === "plain") return up.test(text) && down.test(text);
  return up.test(text) || (name === "undo" && down.test(text));
}

/** Sections of whichever tool's markers the text holds. */
export function knownSections(text: string, draft: Draft): readonly Fragment[] {
  const found = known.find(([name, markers]) => holds(text, name, markers));
  if (found === undefined) return whole(text);
  const [name, markers] = found;
  const sentence = `${name} markers: only what they run on the way up is read`;
  if (!draft.evidence.includes(sentence)) draft.evidence.push(sentence);
  return upSection(text, markers);
}

/** Refuses a file without its tool's `up` marker, as the tool does. */
export function strictUp(
  markers: Markers,
  file: string,
  tool: string,
): (text: string, draft: Draft) => readonly Fragment[] | undefined {
  return (text: string, draft: Draft): readonly Fragment[] | undefined => {
    if (markers.up.test(text)) return upSection(text, markers);
    leave(draft, file, `no up marker: ${tool} refuses the file`);
    return undefined;
  };
}
