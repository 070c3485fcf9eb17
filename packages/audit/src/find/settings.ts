/**
 * Reads the few plain configuration formats of migration tools: INI, properties and TOML as far as tools use it (key = value in sections).
 * Must never run a configuration that is a program.
 */

const unquote = (value: string): string => /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;

/** `section.key` to value, both as written; keys without a section stand alone. Arrays keep their brackets. */
export function settings(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let section = "";
  const joined = text.replaceAll(/=\s*\[[^\]]*\]/g, (array) => array.replaceAll(/\s*[\r\n]+\s*/g, " "));
  for (const line of joined.split(/\r?\n/)) {
    const head = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:[#;].*)?$/.exec(line)?.[1];
    if (head !== undefined) {
      section = head.replace(/\s+"([^"]*)"$/, ".$1");
      continue;
    }
    const match = /^\s*([\w.$:"@/-]+(?:\[\d+\])?)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match === null || /^\s*[#;!]/.test(line)) continue;
    const [, key = "", raw = ""] = match;
    const value = raw.startsWith("[")
      ? raw
      : /^["']/.test(raw)
        ? raw.replace(/(?<=["'])\s*#.*$/, "")
        : raw.replace(/\s+[#;].*$/, "");
    found.set(section === "" ? unquote(key) : `${section}.${unquote(key)}`, unquote(value));
  }
  return found;
}

/** The strings of an array as `settings` keeps it, or the one string. */
export function list(value: string | undefined): string[] {
  if (value === undefined) return [];
  if (!value.startsWith("["))
    return value
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
  return [...value.matchAll(/"([^"]*)"|'([^']*)'/g)].map((item) => item[1] ?? item[2] ?? "");
}
