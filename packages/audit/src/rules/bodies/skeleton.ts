/**
 * What SQL that a function builds will look like, read from the expression that makes its text: constants stay, everything else becomes a
 * name. Must never be taken for the whole: what a caller can put into the holes is the matter of injection.ts.
 */
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords, nodeType, parseStatements } from "../../understand/sql/parser.ts";

const hole = "x";

/** The statements that come out; null where they do not parse. */
export function skeletonOf(expression: SyntaxNode): SyntaxNode[] | null {
  return parseStatements(textOf(expression));
}

function textOf(node: SyntaxNode | undefined): string {
  if (node === undefined) return "";
  const inner = node[nodeType(node)];
  switch (nodeType(node)) {
    case "A_Const":
      return (inner.sval?.sval as string | undefined) ?? (inner.sval ? "" : hole);
    case "TypeCast":
    case "CollateClause":
      return textOf(inner.arg as SyntaxNode);
    case "A_Expr":
      return nameWords(inner.name as SyntaxNode[]).at(-1) === "||" ? textOf(inner.lexpr) + textOf(inner.rexpr) : hole;
    case "FuncCall": {
      const name = nameWords(inner.funcname as SyntaxNode[]).at(-1);
      const args = (inner.args ?? []) as SyntaxNode[];
      if (name === "format") return formatted(textOf(args[0]), args.slice(1));
      if (name === "concat") return args.map(textOf).join("");
      return hole;
    }
    default:
      return hole;
  }
}

/** format(): only %s takes its argument as it is. */
function formatted(pattern: string, args: readonly SyntaxNode[]): string {
  let next = 0;
  return pattern.replaceAll(formatPlace, (place: string, position: string | undefined, kind: string) => {
    if (place === "%%") return "%";
    const at = position === undefined ? next : Number.parseInt(position, 10) - 1;
    next = at + 1;
    return kind === "s" ? textOf(args[at]) : kind === "L" ? "null" : hole;
  });
}

/** A place of format(): %s, %2$I, %-10L, %%. */
export const formatPlace: RegExp = /%(?:%|(\d+\$)?-?(?:\d+|\*(?:\d+\$)?)?([sIL]))/g;
