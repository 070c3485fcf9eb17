/**
 * Texts that match a regular expression of the usual shapes (classes, groups, alternatives, counts), or a LIKE pattern. Pure; a wrong sample is
 * harmless because PostgreSQL itself judges it. Must never run the expression: strangers wrote it.
 */

interface Reader {
  readonly text: string;
  at: number;
  /** Which of the possible characters and branches to take. */
  readonly pick: number;
  steps: number;
}

const letters = "abcdefghijklmnopqrstuvwxyz";
const alphabet = `${letters}0123456789${letters.toUpperCase()}-_. @/:`;
const escapes: Readonly<Record<string, string>> = {
  d: "0123456789",
  w: `${letters}0123456789_`,
  s: " ",
  m: "",
  M: "",
  y: "",
  A: "",
  Z: "",
};
const classes: Readonly<Record<string, string>> = {
  alpha: letters,
  digit: "0123456789",
  alnum: `${letters}0123456789`,
  lower: letters,
  upper: letters.toUpperCase(),
  space: " ",
  punct: "-_.",
  xdigit: "0123456789abcdef",
};

const choose = (reader: Reader, from: string): string => {
  reader.steps += 1;
  return from === "" ? "" : from[(reader.pick * (reader.steps + 3)) % from.length]!;
};

function bracket(reader: Reader): string {
  const { text } = reader;
  let not = false;
  if (text[reader.at] === "^") {
    not = true;
    reader.at += 1;
  }
  let members = "";
  for (let first = true; reader.at < text.length && (first || text[reader.at] !== "]"); first = false) {
    const named = /^\[:(\w+):\]/.exec(text.slice(reader.at));
    if (named) {
      members += classes[named[1]!] ?? "";
      reader.at += named[0].length;
      continue;
    }
    let from = text[reader.at++]!;
    if (from === "\\" && reader.at < text.length) {
      const escaped = text[reader.at++]!;
      if (escapes[escaped] !== undefined) {
        members += escapes[escaped];
        continue;
      }
      from = escaped;
    }
    if (text[reader.at] === "-" && text[reader.at + 1] !== "]" && reader.at + 1 < text.length) {
      const to = text[reader.at + 1]!;
      reader.at += 2;
      for (let code = from.charCodeAt(0); code <= Math.min(to.charCodeAt(0), from.charCodeAt(0) + 200); code += 1)
        members += String.fromCharCode(code);
    } else members += from;
  }
  reader.at += 1;
  return not
    ? alphabet
        .split("")
        .filter((letter) => !members.includes(letter))
        .join("")
    : members;
}

function count(reader: Reader): number {
  const rest = reader.text.slice(reader.at);
  const braces = /^\{(\d+)(,(\d*))?\}/.exec(rest);
  let times = 1;
  if (braces) {
    reader.at += braces[0].length;
    const least = Number(braces[1]);
    const most = braces[2] === undefined ? least : braces[3] === "" ? least + 8 : Number(braces[3]);
    times = Math.max(least, Math.min(most, least === 0 ? 6 : least + (braces[2] === undefined ? 0 : 2)));
  } else if (rest[0] === "*" || rest[0] === "+") {
    reader.at += 1;
    times = 8;
  } else if (rest[0] === "?") {
    reader.at += 1;
    times = reader.pick % 2;
  } else return 1;
  if (reader.text[reader.at] === "?") reader.at += 1;
  return Math.min(times, 200);
}

function atom(reader: Reader): () => string {
  const letter = reader.text[reader.at++]!;
  if (letter === "^" || letter === "$") return () => "";
  if (letter === ".") return () => choose(reader, `${letters}0123456789`);
  if (letter === "[") {
    const members = bracket(reader);
    return () => choose(reader, members);
  }
  if (letter === "(") {
    if (reader.text.startsWith("?:", reader.at)) reader.at += 2;
    const start = reader.at;
    alternatives(reader, 0);
    const end = reader.at;
    reader.at += 1;
    return () => {
      reader.at = start;
      const text = alternatives(reader, reader.pick);
      reader.at = end + 1;
      return text;
    };
  }
  if (letter === "\\" && reader.at < reader.text.length) {
    const escaped = reader.text[reader.at++]!;
    const members = escapes[escaped];
    return members === undefined ? () => escaped : () => choose(reader, members);
  }
  return () => letter;
}

function alternatives(reader: Reader, pick: number): string {
  const branches: string[] = [""];
  while (reader.at < reader.text.length && reader.text[reader.at] !== ")") {
    if (reader.text[reader.at] === "|") {
      reader.at += 1;
      branches.push("");
      continue;
    }
    const make = atom(reader);
    const times = count(reader);
    const after = reader.at;
    for (let time = 0; time < times; time += 1) {
      branches[branches.length - 1] += make();
      // nested counts multiply; nobody needs such a text
      if (branches.at(-1)!.length > 500) throw new RangeError("too long");
    }
    reader.at = after;
  }
  return branches[pick % branches.length]!;
}

/** Up to `many` texts that should match a regular expression. */
export function samplePattern(pattern: string, many = 6): string[] {
  const samples = new Set<string>();
  for (let pick = 0; pick < many; pick += 1) {
    try {
      samples.add(
        alternatives({ text: pattern.replace(/^\(\?[a-z]+\)|^\*{3}[:=]/, ""), at: 0, pick, steps: pick }, pick),
      );
    } catch {
      // a shape that we cannot read gives no sample
    }
  }
  return [...samples].filter((text) => text.length < 500);
}

/** A text that a LIKE pattern lets through; `fill` stands where it allows anything. */
export function sampleLike(pattern: string, fill: string): string {
  return pattern.replaceAll(
    /\\(.)|%|_/g,
    (found, escaped: string | undefined) => escaped ?? (found === "%" ? fill : (fill[0] ?? "a")),
  );
}
