/**
 * What a caller has to bring so that a row is found: a token, a code or a hash that only its owner was sent, or an e-mail address. A function that
 * redeems an invitation finds its row by that and by nothing of the context. Goes by names; must never take a pattern match for a comparison, and
 * never an id, however random: ids are shown in answers and stand in addresses.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { nameWords } from "../../understand/sql/parser.ts";

/** secret: nobody can guess or know it; address: many know it. */
export type Brought = "address" | "secret";

const secretName =
  /token|secret|password|passwd|passcode|passphrase|hash|digest|signature|nonce|api_?key|(^|_)(otp|totp|pin)$|(invit\w*|verif\w*|confirm\w*|recovery|reset|activation|access|redeem\w*|security|join|magic|login)_?(code|key|link)$/i;
// a code is a secret where invitations and the like have one; products and countries have codes, too
const plainCode = /^(code|key|pin)$/i;
const redeemed = /invit|verif|confirm|recover|reset|activat|redeem|magic|otp|two_?factor|2fa|one_?time/i;
const mail = /e_?mail/i;
// token_id, password_changed_at, token_count: about a secret, and none
const about = /_(id|ids|count|at|on|by|type|kind|name|limit|length|status|expir\w*|balance|amount|required|enabled)$/i;
const longValue = /^(text|character|uuid|bytea|name)|(^|\.)citext$/;

/** What a comparison of two sides asks the caller for; null where neither is a column and the other an argument. */
export function broughtBy(
  operator: { readonly kind: string; readonly name: string },
  sides: readonly [unknown, unknown],
  routine: Routine,
): Brought | null {
  const equality =
    /^AEXPR_(DISTINCT|NOT_DISTINCT)$/.test(operator.kind) ||
    (operator.kind === "AEXPR_OP" && /^(=|<>|!=)$/.test(operator.name));
  if (!equality) return null;
  const [left, right] = sides;
  return oneWay(left, right, routine) ?? oneWay(right, left, routine);
}

function oneWay(column: unknown, argument: unknown, routine: Routine): Brought | null {
  const long = routine.argumentNames.filter((_, at) => longValue.test(routine.arguments[at] ?? ""));
  if (!readsGiven(argument, routine, new Set(long))) return null;
  for (const words of columnsIn(column)) {
    const name = words.at(-1) ?? "";
    if (words.length === 1 && routine.argumentNames.includes(name)) continue;
    if (words.length > 1 && words[0] === routine.name) continue;
    const around = `${words.slice(0, -1).join(" ")} ${routine.name}`;
    if (about.test(name)) continue;
    if (secretName.test(name) || (plainCode.test(name) && redeemed.test(around))) return "secret";
    if (mail.test(name)) return "address";
  }
  return null;
}

function columnsIn(tree: unknown): string[][] {
  const found: string[][] = [];
  walkTree(tree, (type, node) => {
    if (type === "ColumnRef") found.push(nameWords(node.fields as SyntaxNode[]));
    return type !== "SubLink";
  });
  return found;
}

/** Whether a value is made of the caller's arguments: $1, a name among `given`, or such a name behind the function's own. */
export function readsGiven(tree: unknown, routine: Routine, given: ReadonlySet<string>): boolean {
  let found = false;
  walkTree(tree, (type, node) => {
    // $1 is found by its place; who asks about some arguments only has none without a name
    if (type === "ParamRef")
      found ||= given.has(routine.argumentNames[(node.number as number) - 1] ?? "") || unnamed(routine);
    if (type === "ColumnRef") {
      const words = nameWords(node.fields as SyntaxNode[]);
      const name = words.at(-1) ?? "";
      found ||= given.has(words.length === 1 ? name : (words[0] ?? ""));
      found ||= words.length === 2 && words[0] === routine.name && given.has(name);
    }
    return !found;
  });
  return found;
}

const unnamed = ({ argumentNames }: Routine): boolean => argumentNames.every((name) => name === "");

/** Whether a statement writes values that the caller chooses. */
export function writesGiven(tree: SyntaxNode, routine: Routine, given: ReadonlySet<string>): boolean {
  let writes = false;
  walkTree(tree, (type, node) => {
    if (type === "UpdateStmt") writes ||= readsGiven(node.targetList, routine, given);
    if (type === "InsertStmt") writes ||= readsGiven(node.selectStmt, routine, given);
    if (type === "MergeStmt") writes ||= readsGiven(node, routine, given);
    return !writes;
  });
  return writes;
}
