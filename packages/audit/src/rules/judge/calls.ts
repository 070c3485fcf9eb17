/** The functions that a body calls, by name and with their arguments. SQL that is built at run time is not in it. */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { nameWords } from "../../understand/sql/parser.ts";
import { bodyOf } from "../bodies/body.ts";

/** One call; `name` is without schema. */
export interface Call {
  readonly name: string;
  readonly node: SyntaxNode;
}

/** All calls in a routine's body. */
export function callsIn(routine: Routine): Call[] {
  const calls: Call[] = [];
  for (const { tree } of bodyOf(routine).parts)
    walkTree(tree, (type, node) => {
      if (type === "FuncCall") calls.push({ name: nameWords(node.funcname as SyntaxNode[]).at(-1) ?? "", node });
    });
  return calls;
}
