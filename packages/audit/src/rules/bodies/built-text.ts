/**
 * The texts that a body builds for EXECUTE, through variables and format(), with a name of its own for everything that is no constant, and what
 * each of these names stands for. Must never run on: a body that makes very many texts is read by its first ones.
 */
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords, nodeType } from "../../understand/sql/parser.ts";
import type { Access, AccessMode } from "./accesses.ts";
import { formatPlace } from "./skeleton.ts";

/** What a name in a built text stands for. */
interface Hole {
  readonly sources: readonly string[];
  readonly context: boolean;
  /** One identifier or literal, whatever the caller gives. */
  readonly quoted: boolean;
}

const mostTexts = 8;
const holeName = /watertight_hole_\d+_/g;

/** One text. */
export class BuiltText {
  readonly text: string;
  readonly #holes: ReadonlyMap<string, Hole>;

  constructor(text: string, holes: ReadonlyMap<string, Hole>) {
    this.text = text;
    this.#holes = holes;
  }

  /** Names that stand for something of the context. */
  get context(): string[] {
    return [...this.#holes].flatMap(([name, { context }]) => (context ? [name] : []));
  }

  /** What a part of the text stands for. */
  holesIn(part: string): Hole[] {
    return (part.match(holeName) ?? []).flatMap((name) => this.#holes.get(name) ?? []);
  }

  /** What a name may become. */
  pattern(name: string): RegExp {
    const parts = name.split(holeName).map((each) => each.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    return new RegExp(`^${parts.join(".*")}$`, "i");
  }

  /** The places of names in a text that does not parse, because some part of it is a whole clause. */
  namesAfterWords(): Access[] {
    const modes: Readonly<Record<string, AccessMode>> = {
      into: "insert",
      update: "update",
      "delete from": "delete",
      truncate: "truncate",
    };
    const places = this.text.matchAll(
      /\b(delete\s+from|from|join|into|update|truncate)\s+(?:table\s+|only\s+)*(?:"?(\w+)"?\.)?"?(\w+)/gi,
    );
    return [...places].map(([, word = "", schema, name = ""]) => ({
      schema,
      name,
      mode: modes[word.toLowerCase().replaceAll(/\s+/g, " ")] ?? "read",
    }));
  }
}

/** Follows what variables hold. */
export class TextBuilder {
  readonly #sources: (node: SyntaxNode) => readonly string[];
  readonly #context: (node: SyntaxNode) => boolean;
  readonly #holes = new Map<string, Hole>();
  readonly #texts = new Map<string, readonly string[]>();

  constructor(sources: (node: SyntaxNode) => readonly string[], context: (node: SyntaxNode) => boolean) {
    this.#sources = sources;
    this.#context = context;
  }

  /** A variable is given a value. It keeps the ones before: branches lie flat. */
  assign(name: string, value: SyntaxNode): void {
    const made = this.#textsOf(value);
    const grows = JSON.stringify(value).includes(`"sval":"${name}"`);
    const all = grows ? made : [...(this.#texts.get(name) ?? []), ...made];
    this.#texts.set(name, [...new Set(all)].slice(-mostTexts));
  }

  /** The texts of an EXECUTE; `given` are its values of USING. */
  statements(expression: SyntaxNode, given: readonly SyntaxNode[]): BuiltText[] {
    return this.#textsOf(expression).map(
      (text) =>
        new BuiltText(
          text.replaceAll(/\$(\d+)/g, (place, number: string) => {
            const value = given[Number(number) - 1];
            return value === undefined ? place : this.#hole(value, true);
          }),
          this.#holes,
        ),
    );
  }

  #hole(node: SyntaxNode | undefined, quoted: boolean): string {
    const name = `watertight_hole_${this.#holes.size + 1}_`;
    this.#holes.set(name, {
      sources: node === undefined ? [] : this.#sources(node),
      context: node !== undefined && this.#context(node),
      quoted,
    });
    return name;
  }

  #textsOf(node: SyntaxNode | undefined): string[] {
    if (node === undefined) return [""];
    const inner = node[nodeType(node)];
    const joined = (parts: readonly (SyntaxNode | undefined)[]): string[] =>
      parts.map((each) => this.#textsOf(each)).reduce(crossed, [""]);
    switch (nodeType(node)) {
      case "A_Const":
        return [inner.sval === undefined ? this.#hole(node, true) : ((inner.sval.sval as string | undefined) ?? "")];
      case "TypeCast":
        // a cast to regclass quotes, and keeps the schema
        return /^(text|varchar|unknown)$/.test(nameWords(inner.typeName?.names as SyntaxNode[]).at(-1) ?? "")
          ? this.#textsOf(inner.arg as SyntaxNode)
          : [this.#hole(node, false)];
      case "CollateClause":
        return this.#textsOf(inner.arg as SyntaxNode);
      case "ColumnRef":
        return [
          ...(this.#texts.get(nameWords(inner.fields as SyntaxNode[]).at(-1) ?? "") ?? [this.#hole(node, false)]),
        ];
      case "A_Expr":
        return nameWords(inner.name as SyntaxNode[]).at(-1) === "||"
          ? joined([inner.lexpr, inner.rexpr])
          : [this.#hole(node, false)];
      case "FuncCall": {
        const name = nameWords(inner.funcname as SyntaxNode[]).at(-1);
        const args = (inner.args ?? []) as SyntaxNode[];
        if (name === "format") return this.#formatted(args);
        if (name === "concat") return joined(args);
        if (name === "quote_ident") return this.#identifier(args[0]);
        return [this.#hole(node, name?.startsWith("quote_") === true)];
      }
      default:
        return [this.#hole(node, false)];
    }
  }

  #formatted([pattern, ...args]: readonly SyntaxNode[]): string[] {
    return this.#textsOf(pattern).flatMap((text) => {
      let next = 0;
      let done = 0;
      let made = [""];
      for (const match of text.matchAll(formatPlace)) {
        const [place, position, kind] = match;
        made = crossed(made, [text.slice(done, match.index)]);
        done = match.index + place.length;
        if (place === "%%") made = crossed(made, ["%"]);
        else {
          const at = position === undefined ? next : Number.parseInt(position, 10) - 1;
          next = at + 1;
          const arg = args[at];
          made = crossed(
            made,
            kind === "s" ? this.#textsOf(arg) : kind === "I" ? this.#identifier(arg) : [this.#hole(arg, true)],
          );
        }
      }
      return crossed(made, [text.slice(done)]);
    });
  }

  /** %I and quote_ident: the parts of the name that are constant stay. */
  #identifier(node: SyntaxNode | undefined): string[] {
    return this.#textsOf(node).map((text) => {
      const holes = text.match(holeName) ?? [];
      if (!/^[a-z_]\w*$/i.test(text)) return this.#hole(node, true);
      return holes.reduce((made, name) => {
        const hole = this.#holes.get(name)!;
        const quoted = `watertight_hole_${this.#holes.size + 1}_`;
        this.#holes.set(quoted, { ...hole, quoted: true });
        return made.replace(name, quoted);
      }, text);
    });
  }
}

function crossed(one: readonly string[], other: readonly string[]): string[] {
  return one.flatMap((left) => other.map((right) => left + right)).slice(0, mostTexts);
}
