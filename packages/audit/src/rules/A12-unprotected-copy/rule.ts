/**
 * A12: a table made from a protected one, by LIKE, AS SELECT, INHERITS or PARTITION OF. Columns, keys and rows come along; row security and policies
 * never do. Follows renames, because the copy often takes the old name afterwards, and the protection stays with the table that lost it.
 */
import type { QualifiedName, Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import type { SyntaxNode } from "../../history/statement.ts";
import { accessesOf } from "../bodies/accesses.ts";
import { rightsOn } from "../exposure/rights.ts";
import { listed, said } from "../exposure/words.ts";
import { graphOf, holdsTenantRows, tenancyOf, tenantColumn } from "../judge/tenant-rows.ts";
import { floorFix } from "../predicate/floor.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";
import { switchesOf } from "../timeline/row-security.ts";
import { finalName, type Moment, timelineOf } from "../timeline/timeline.ts";

/** A table that is made from others. */
interface Copy {
  readonly target: QualifiedName;
  readonly sources: readonly QualifiedName[];
  readonly how: "LIKE" | "AS SELECT" | "INHERITS" | "PARTITION OF";
}

/** The rule. */
export const unprotectedCopy: Rule = {
  id: "A12",
  slug: "A12-unprotected-copy",
  title: "A copy of a protected table is unprotected",
  needs: "history",
  find: (facts) => {
    const moments = facts.history ? timelineOf(facts.history) : [];
    const protectedOnce = switchesOf(moments).filter(({ what, on }) => what === "enabled" && on);
    const wasProtected = ({ schema, name }: QualifiedName): boolean =>
      protectedOnce.some(({ original, table }) =>
        [original, table].some((each) => each?.schema === schema && each.name === name),
      ) || graphOf(facts).relation({ schema, name })?.rowSecurity === true;
    return moments.flatMap((moment) =>
      copiesOf(moment).flatMap((copy) => {
        const sources = copy.sources.filter(wasProtected);
        return sources.length === 0 ? [] : (finding(facts, moments, moment, copy, sources) ?? []);
      }),
    );
  },
};

function finding(
  facts: Facts,
  moments: readonly Moment[],
  { at, statement }: Moment,
  { target, how }: Copy,
  sources: readonly QualifiedName[],
): RuleFinding | null {
  const now = finalName(moments, target, at);
  const relation = now && graphOf(facts).relation(now);
  if (!relation || relation.rowSecurity || !(relation.kind === "r" || relation.kind === "p")) return null;
  const rights = rightsOn(facts, relation);
  // the protected table may have another name since, and the copy its old one
  const originals = sources
    .map((each) => finalName(moments, each, at) ?? each)
    .filter((each) => holdsTenantRows(facts, each));
  const holds = holdsTenantRows(facts, relation) || originals.some((each) => keepsTenant(facts, relation, each));
  const renamed = relation.name !== target.name || relation.schema !== target.schema;
  // what is summed over all tenants, or never read by the application, is no copy of theirs
  if (rights.length === 0 || !(holds || (how !== "AS SELECT" && originals.length > 0))) return null;
  const ofTenants = originals.length > 0 && originals.every((each) => tenancyOf(facts, each).kind === "tenants");
  return {
    object: { kind: "table", schema: relation.schema, name: relation.name },
    message: `${said(relation)} was made from ${listed(sources.map(said))} by ${how}${renamed ? ` as ${said(target)} and renamed` : ""}: the copy has no row security, and the application may ${listed(rights)}.`,
    severity: ofTenants ? "medium" : "high",
    evidence: [
      `${how} copies neither row security nor policies (${statement.place.file}:${statement.place.line})`,
      "pg_class.relrowsecurity of the copy is false at the end of the migrations",
      `an application role has ${listed(rights)} on it`,
    ],
    keys: [objectKey.relation(target), objectKey.relation(relation)],
    place: statement.place,
    fix: floorFix(facts, relation),
    attackable: true,
  };
}

/** Whether the copy has the column that says whose a row is. */
function keepsTenant(facts: Facts, { columns }: Relation, original: QualifiedName): boolean {
  const column = tenantColumn(facts, original);
  return column !== null && columns.some(({ name }) => name === column);
}

function copiesOf({ type, node, name }: Moment): Copy[] {
  const target = (range: unknown): QualifiedName | null => name(range as SyntaxNode | undefined);
  const names = (ranges: readonly (SyntaxNode | undefined)[]): QualifiedName[] =>
    ranges.flatMap((range) => name(range) ?? []);
  if (type === "CreateStmt") {
    const made = target(node.relation);
    if (made === null) return [];
    const like = ((node.tableElts ?? []) as SyntaxNode[]).map(
      (each) => each.TableLikeClause?.relation as SyntaxNode | undefined,
    );
    const parents = ((node.inhRelations ?? []) as SyntaxNode[]).map((each) => each.RangeVar as SyntaxNode | undefined);
    const found: Copy[] = [
      { target: made, sources: names(like), how: "LIKE" },
      { target: made, sources: names(parents), how: node.partbound === undefined ? "INHERITS" : "PARTITION OF" },
    ];
    return found.filter(({ sources }) => sources.length > 0);
  }
  const into = (node.into ?? node.intoClause) as SyntaxNode | undefined;
  const made = target(into?.rel);
  if (made === null || !(type === "SelectStmt" || (type === "CreateTableAsStmt" && node.objtype === "OBJECT_TABLE")))
    return [];
  const read = accessesOf(
    type === "SelectStmt" ? { SelectStmt: { ...node, intoClause: undefined } } : (node.query as SyntaxNode),
  );
  const sources = names(read.map((each) => ({ schemaname: each.schema, relname: each.name })));
  return [{ target: made, sources, how: "AS SELECT" }];
}
