/**
 * C7: a function leaves something behind that belongs to the connection and not to the transaction: a temporary table, a cursor WITH HOLD, an
 * advisory lock of the session. The next borrower reads or meets it; RESET ALL keeps it, only DISCARD ALL clears. Residue of the application's own
 * statements is the pool's matter.
 */
import type { Routine } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { nameWords } from "../../understand/sql/parser.ts";
import { bodyOf } from "../bodies/body.ts";
import { listed, said } from "../exposure/words.ts";
import { kitSchema } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const residue: Rule = {
  id: "C7",
  slug: "C7-residue",
  title: "A function leaves data or locks on the connection",
  needs: "catalog",
  find: (facts) => facts.snapshot.routines.flatMap((routine) => finding(facts, routine) ?? []),
};

interface Residue {
  readonly what: string;
  /** The temporary table, which a later DROP takes away. */
  readonly table?: string;
  readonly holdsRows: boolean;
}

function finding(facts: Facts, routine: Routine): RuleFinding | null {
  if (routine.schema === kitSchema || routine.extension !== null || !facts.reach.canCall(routine)) return null;
  const left = bodyOf(routine).parts.reduce<Residue[]>((before, { tree }) => {
    const dropped = droppedIn(tree);
    return [...before.filter(({ table }) => table === undefined || !dropped.has(table)), ...residueOf(tree)];
  }, []);
  if (left.length === 0) return null;
  const rows = left.some(({ holdsRows }) => holdsRows);
  return {
    object: { kind: "function", schema: routine.schema, name: routine.name },
    message: `${said(routine)}() leaves ${listed(left.map(({ what }) => what))} on the connection: ${rows ? "its next borrower reads what the last tenant left there" : "it outlives the transaction that took it"}.`,
    severity: rows ? "medium" : "low",
    evidence: [`the body of ${routine.signature} makes ${listed(left.map(({ what }) => what))}`],
    keys: [objectKey.routine(routine.signature)],
    fix: "ON COMMIT DROP, a cursor without HOLD, pg_advisory_xact_lock",
    attackable: rows,
  };
}

/** Names of the tables that a statement drops. When the function fails on the way there, its transaction takes them back. */
function droppedIn(tree: SyntaxNode): Set<string> {
  const names = new Set<string>();
  walkTree(tree, (type, node) => {
    if (type !== "DropStmt" || node.removeType !== "OBJECT_TABLE") return;
    for (const each of (node.objects ?? []) as SyntaxNode[]) {
      const name = nameWords(each.List?.items as SyntaxNode[] | undefined).at(-1);
      if (name !== undefined) names.add(name);
    }
  });
  return names;
}

function residueOf(tree: SyntaxNode): Residue[] {
  const found: Residue[] = [];
  walkTree(tree, (type, node) => {
    const temporary = (relation: SyntaxNode | undefined): boolean => relation?.relpersistence === "t";
    if (type === "CreateStmt" && temporary(node.relation as SyntaxNode) && node.oncommit !== "ONCOMMIT_DROP")
      found.push({
        what: `temporary table ${node.relation.relname}`,
        table: String(node.relation.relname),
        holdsRows: node.oncommit !== "ONCOMMIT_DELETE_ROWS",
      });
    if (
      type === "CreateTableAsStmt" &&
      temporary(node.into?.rel as SyntaxNode) &&
      node.into.onCommit !== "ONCOMMIT_DROP"
    )
      found.push({
        what: `temporary table ${node.into.rel.relname}`,
        table: String(node.into.rel.relname),
        holdsRows: node.into.onCommit !== "ONCOMMIT_DELETE_ROWS",
      });
    // CURSOR_OPT_HOLD
    if (type === "DeclareCursorStmt" && ((node.options as number) & 32) !== 0)
      found.push({ what: `cursor ${node.portalname} with hold`, holdsRows: true });
    if (type === "ListenStmt") found.push({ what: `a LISTEN on ${node.conditionname}`, holdsRows: false });
    if (type !== "FuncCall") return;
    const name = nameWords(node.funcname as SyntaxNode[]).at(-1) ?? "";
    if (/^pg_(try_)?advisory_lock(_shared)?$/.test(name)) found.push({ what: `a lock of ${name}`, holdsRows: false });
  });
  return found;
}
