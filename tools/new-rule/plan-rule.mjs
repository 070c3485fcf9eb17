// What a new rule changes in the tree: files to write, by path. Decides from texts to texts, so that tests need no copy of the tree.
// Must never overwrite a rule, and never give away an id twice: ids are permanent.

/** A folder of a rule, relative to the repository. */
const rulesFolder = "packages/audit/src/rules";
const attacksFolder = "packages/audit/test/rules/attacks";
const line = /^import \{ (\w+) \} from "\.\/([A-Z])(\d+)-[a-z0-9-]+\/rule\.ts";$/;

/**
 * @param {string} id vector of the catalogue, for example A16
 * @param {string} words words of the folder's name, for example "rows without owner"
 * @param {(path: string) => string | undefined} read text of a file of the repository, or of the template under template/
 * @returns {Map<string, string>} texts by path
 * @throws Error with a message for the person at the terminal
 */
export function planRule(id, words, read) {
  if (!/^[A-HP][1-9]\d*$/.test(id))
    throw new Error(`"${id}" is no id of the catalogue: a letter A to H or P and a number, for example A16.`);
  const parts = words
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== "");
  if (parts.length === 0)
    throw new Error("Say in a few words what the rule finds, for example: A16 rows without owner");
  const slug = `${id}-${parts.join("-")}`;
  const index = read(`${rulesFolder}/index.ts`);
  if (index === undefined) throw new Error(`There is no ${rulesFolder}/index.ts here: run this in the repository.`);
  const family = id[0];
  const fields = {
    id,
    slug,
    family,
    title: parts.join(" ").replace(/^./, (letter) => letter.toUpperCase()),
    name: identifier(parts),
  };
  const template = (name) => fill(read(`template/${name}`), fields);
  const files = new Map([
    [`${rulesFolder}/${slug}/rule.ts`, template("rule.ts.txt")],
    ...["doc.md", "red.sql", "green.sql"].map((name) => [`${rulesFolder}/${slug}/${name}`, template(name)]),
    [`${rulesFolder}/index.ts`, withRule(index, id, slug, fields.name)],
  ]);

  const attacksFile = `${attacksFolder}/${family.toLowerCase()}.ts`;
  const own = read(attacksFile);
  if (own === undefined) {
    const attackIndex = read(`${attacksFolder}/index.ts`);
    files.set(`${attacksFolder}/index.ts`, withFamily(attackIndex, family));
  }
  const [before, after] = (own ?? template("attacks.ts.txt")).split(/^(?=\];$)/m);
  if (after === undefined)
    throw new Error(`${attacksFile} has no list that ends in a line "];": add the attack by hand.`);
  files.set(attacksFile, withImports(before + template("attack.ts.txt") + after));
  return files;
}

function withRule(index, id, slug, name) {
  const lines = index.split("\n");
  const known = lines.flatMap((text, at) => {
    const found = line.exec(text);
    return found ? [{ at, name: found[1], order: order(found[2], found[3]), id: found[2] + found[3] }] : [];
  });
  const taken = known.find((rule) => rule.id === id || rule.name === name);
  if (taken?.id === id) throw new Error(`${id} exists: ${taken.name}. Ids are permanent; take the next free one.`);
  if (taken) throw new Error(`A rule is named ${name} already (${taken.id}): choose other words.`);
  const next = known.find((rule) => rule.order > order(id[0], id.slice(1)));
  const entry = next
    ? lines.findIndex((text) => text === `  ${next.name},`)
    : lines.findIndex((text, at) => text === "];" && at > (known.at(-1)?.at ?? 0));
  const empty = lines.findIndex((text) => text.endsWith("readonly Rule[] = [];"));
  if (entry === -1 && empty === -1)
    throw new Error(`${rulesFolder}/index.ts does not look as expected: add the rule by hand.`);
  if (entry === -1) lines[empty] = lines[empty].replace("[];", `[${name}];`);
  else lines.splice(entry, 0, `  ${name},`);
  const place = next?.at ?? lines.findIndex((text) => text.startsWith("import type { Rule }"));
  lines.splice(place, 0, `import { ${name} } from "./${slug}/rule.ts";`);
  return lines.join("\n");
}

function withFamily(index, family) {
  const name = `attacks${family}`;
  return index
    .replace(
      'import type { RuleAttack } from "./attack.ts";',
      `$&\nimport { ${name} } from "./${family.toLowerCase()}.ts";`,
    )
    .replace(
      /^(export const attacks[^=]*= \[)(.*)\];$/ms,
      (_, start, list) => `${start}${list.trimEnd().replace(/,?$/, ",")} ...${name}];`,
    );
}

// A family's file imports what its attacks need so far; the template needs these.
function withImports(text) {
  return text.replace(/^import \{([^}]*)\} from "\.\/attack\.ts";$/m, (_, list) => {
    const names = new Set(
      [...list.split(",").map((name) => name.trim()), "B", "CANARY", "twoTenants"].filter((name) => name !== ""),
    );
    return `import { ${[...names].sort((a, b) => sortName(a).localeCompare(sortName(b))).join(", ")} } from "./attack.ts";`;
  });
}

// one word that is no name in strict mode
const keywords = new Set(
  "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return rule rules static super switch this throw true try typeof var void while with yield".split(
    " ",
  ),
);
const sortName = (name) => name.replace(/^type /, "");
const order = (letter, number) => letter.charCodeAt(0) * 1000 + Number(number);

function identifier(parts) {
  const name = parts.map((part, i) => (i === 0 ? part : part.replace(/^./, (letter) => letter.toUpperCase()))).join("");
  const usable = !keywords.has(name) && !/^\d/.test(name);
  return usable ? name : `rule${name.replace(/^./, (letter) => letter.toUpperCase())}`;
}

function fill(text, fields) {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, field) => fields[field]);
}
