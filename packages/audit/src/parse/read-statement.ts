/**
 * Reads one statement: fills in what the project's configuration knows, asks the parser, and only if that refuses tries harmless values for
 * placeholders. Must never keep a value to itself: `adapted` names each.
 */
import type { SyntaxNode } from "../history/statement.ts";
import { parse } from "./parser.ts";
import {
  findPlaceholders,
  isPlain,
  mayHoldPlaceholder,
  nameFor,
  type Placeholder,
  replaceAll,
} from "./placeholders.ts";

/** What is known of placeholders where the statement stands. */
export interface Surroundings {
  /** The tool fills in :NAME in capitals wherever it stands, as Graphile Migrate does. */
  readonly colons: boolean;
  /** Value that the configuration gives for a placeholder's name. */
  value(name: string): string | undefined;
  /** Whether it is filled in within quotes too: the tool replaces text, whatever it stands in. */
  everywhere(placeholder: Placeholder): boolean;
  /** Whether the migrations make the schema that the placeholder names. */
  makesSchema(placeholder: Placeholder): boolean;
}

/** A statement as read. */
export interface Reading {
  readonly text: string;
  readonly tree: SyntaxNode | null;
  readonly problem: string | null;
  /** Offset of the problem in `text`. */
  readonly at: number;
  readonly adapted: readonly string[];
}

const TRIES = 12;

/** Placeholders that look like PostgreSQL's own marks: $1$, and $schema$, which begins a dollar quote. */
const LOOKALIKE = /\$\d+\$|(?<=\b(?:schema|table|view|role|user|database|to|on|from|into)\s+)\$[a-z_]\w*\$/i;

async function readPlain(text: string, adapted: readonly string[]): Promise<Reading> {
  const { trees, problem, ...rest } = await parse(text);
  const [tree = null] = trees ?? [];
  if (trees !== null && trees.length > 1)
    return { text, tree: null, problem: "more than one statement", at: 0, adapted };
  return { text, tree, problem, at: "at" in rest ? rest.at : 0, adapted };
}

/** Values to try in turn: a name reads well in most places, then a number, then a string. */
function candidates(placeholder: Placeholder, around: Surroundings): readonly string[] {
  const { form, name, within } = placeholder;
  const known = around.value(name);
  if (known !== undefined) return [known];
  const plain = nameFor(name);
  if (form === "literal") return [`'${plain}'`];
  if (form === "identifier") return [`"${plain}"`];
  const word = plain.endsWith("schema") && !around.makesSchema(placeholder) ? "public" : plain;
  return within !== null ? [word] : [word, "1", `'${plain}'`];
}

interface Guess {
  readonly placeholder: Placeholder;
  readonly values: readonly string[];
  tried: number;
}

const valueOf = ({ values, tried }: Guess): string => values[tried] ?? "";
const note = (guess: Guess): string => `${guess.placeholder.source} read as ${valueOf(guess)}`;

/** The guess that the parser stumbled on, or over: the last one that starts before the offset in the filled text. */
function blamed(guesses: readonly Guess[], at: number): Guess | undefined {
  let shift = 0;
  let last: Guess | undefined;
  for (const guess of guesses) {
    const { start, end } = guess.placeholder;
    if (start + shift > at) break;
    shift += valueOf(guess).length - (end - start);
    last = guess;
  }
  return last;
}

const filled = (text: string, guesses: readonly Guess[]): string =>
  replaceAll(
    text,
    guesses.map((guess) => [guess.placeholder, valueOf(guess)]),
  );
const notes = (guesses: readonly Guess[]): string[] => [...new Set(guesses.map(note))];

/** Reads `text`; `adapted` says what was changed in it before. */
export async function readStatement(text: string, around: Surroundings, adapted: readonly string[]): Promise<Reading> {
  const placeholders = mayHoldPlaceholder(text) ? findPlaceholders(text, around.colons) : [];
  const guess = (some: readonly Placeholder[]): Guess[] =>
    some.map((placeholder) => ({ placeholder, values: candidates(placeholder, around), tried: 0 }));
  const sure = guess(
    placeholders.filter(
      (one) => (one.within !== null || around.value(one.name) !== undefined) && around.everywhere(one),
    ),
  );
  const first = await readPlain(filled(text, sure), [...adapted, ...notes(sure)]);
  const open = placeholders.filter((one) => one.within === null || around.everywhere(one));
  if (first.problem === null) return first;
  if (open.every(({ within }) => within !== null)) {
    const [lookalike] = LOOKALIKE.exec(text) ?? [];
    return lookalike === undefined
      ? first
      : { ...first, problem: `${first.problem}; no value is known for ${lookalike}` };
  }

  const unclear = open.find(({ name }) => !isPlain(name));
  if (unclear !== undefined)
    return { ...first, problem: `${first.problem}; ${unclear.source} is filled in by a program` };
  const guesses = guess(open);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const reading = await readPlain(filled(text, guesses), [...adapted, ...notes(guesses)]);
    if (reading.problem === null) return reading;
    const next = blamed(guesses, reading.at);
    if (next === undefined || next.tried + 1 >= next.values.length) break;
    next.tried += 1;
  }
  const sources = [...new Set(open.map(({ source }) => source))].join(", ");
  return { ...first, problem: `${first.problem}; no value is known for ${sources}` };
}
