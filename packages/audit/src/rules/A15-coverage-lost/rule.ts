/**
 * A15: a table that leaves what covered it. A detached partition loses the policies of its parent; SET SCHEMA carries a table without row security
 * out of a schema that nobody could enter; a table that belongs to an extension is left out of dumps together with its policies.
 */
import { type QualifiedName, quoteName, type Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import type { SyntaxNode } from "../../history/statement.ts";
import { policiesOf } from "../exposure/exposure.ts";
import { rightsOn } from "../exposure/rights.ts";
import { listed, said, sqlName } from "../exposure/words.ts";
import { graphOf, holdsTenantRows } from "../judge/tenant-rows.ts";
import { floorFix } from "../predicate/floor.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";
import { switchesOf } from "../timeline/row-security.ts";
import { finalName, type Moment, timelineOf } from "../timeline/timeline.ts";

/** The rule. */
export const coverageLost: Rule = {
  id: "A15",
  slug: "A15-coverage-lost",
  title: "A table left what covered it",
  needs: "catalog",
  find: (facts) => {
    const moments = facts.history ? timelineOf(facts.history) : [];
    return [
      ...moments.flatMap((moment) => detached(facts, moments, moment)),
      ...moments.flatMap((moment) => moved(facts, moments, moment) ?? []),
      ...facts.snapshot.relations.flatMap((relation) => ofExtension(facts, relation) ?? []),
    ];
  },
};

/** The table that a name means at the end, if it lies open to the application. */
function openTable(
  facts: Facts,
  moments: readonly Moment[],
  original: QualifiedName | null,
  at: number,
): Relation | null {
  const now = original && finalName(moments, original, at);
  const relation = now && graphOf(facts).relation(now);
  return relation && !relation.rowSecurity && rightsOn(facts, relation).length > 0 ? relation : null;
}

function open(facts: Facts, relation: Relation, { statement }: Moment, message: string, why: string): RuleFinding {
  return {
    object: { kind: "table", schema: relation.schema, name: relation.name },
    message,
    severity: "high",
    evidence: [why, "pg_class.relrowsecurity is false", `an application role has ${listed(rightsOn(facts, relation))}`],
    keys: [objectKey.relation(relation)],
    place: statement.place,
    fix: floorFix(facts, relation),
    attackable: true,
  };
}

function detached(facts: Facts, moments: readonly Moment[], moment: Moment): RuleFinding[] {
  const { type, node, at, name } = moment;
  if (type !== "AlterTableStmt") return [];
  const parent = name(node.relation as SyntaxNode | undefined);
  return ((node.cmds ?? []) as SyntaxNode[]).flatMap((command) => {
    if (parent === null || command.AlterTableCmd?.subtype !== "AT_DetachPartition") return [];
    const relation = openTable(
      facts,
      moments,
      name(command.AlterTableCmd.def?.PartitionCmd?.name as SyntaxNode | undefined),
      at,
    );
    if (relation === null || relation.isPartition) return [];
    const from = finalName(moments, parent, at);
    const covering = from && graphOf(facts).relation(from);
    if (covering ? !(covering.rowSecurity && holdsTenantRows(facts, covering)) : !wasProtected(moments, parent, at))
      return [];
    return [
      open(
        facts,
        relation,
        moment,
        `${said(relation)} was detached from ${said(parent)}, whose policies guarded it: now every tenant reaches all rows in it.`,
        `detached from ${said(parent)} (${moment.statement.place.file}:${moment.statement.place.line})`,
      ),
    ];
  });
}

/** Whether the statements before protected a table that is gone at the end. */
function wasProtected(moments: readonly Moment[], { schema, name }: QualifiedName, at: number): boolean {
  const before = switchesOf(moments).filter(
    ({ what, original, moment }) =>
      what === "enabled" && moment.at < at && original.schema === schema && original.name === name,
  );
  return before.at(-1)?.on === true;
}

function moved(facts: Facts, moments: readonly Moment[], moment: Moment): RuleFinding | null {
  const { type, node, at, name } = moment;
  if (type !== "AlterObjectSchemaStmt" || node.objectType !== "OBJECT_TABLE") return null;
  const original = name(node.relation as SyntaxNode | undefined);
  // from its old name on, the move itself included
  const relation = openTable(facts, moments, original, at - 1);
  if (
    original === null ||
    relation === null ||
    !holdsTenantRows(facts, relation) ||
    facts.reach.canUseSchema(original.schema)
  )
    return null;
  return open(
    facts,
    relation,
    moment,
    `${said(relation)} was moved out of schema ${original.schema}, which the application could not enter: its old grants now open it to every tenant.`,
    `no application role has USAGE on schema ${original.schema}`,
  );
}

function ofExtension(facts: Facts, relation: Relation): RuleFinding | null {
  const { extension } = relation;
  const guarded = relation.rowSecurity && policiesOf(facts, relation).length > 0;
  if (extension === null || !guarded || rightsOn(facts, relation).length === 0) return null;
  return {
    object: { kind: "table", schema: relation.schema, name: relation.name },
    message: `${said(relation)} belongs to extension ${extension}: a dump has CREATE EXTENSION in its place, without row security, policies and revokes.`,
    severity: "medium",
    evidence: [
      `pg_depend: ${said(relation)} is a member of extension ${extension}`,
      "pg_dump leaves out what was changed on members of an extension",
    ],
    keys: [objectKey.relation(relation), objectKey.other("extension", extension)],
    fix: `alter extension ${quoteName(extension)} drop table ${sqlName(relation)};\n-- or keep its row security in a migration that runs after every restore`,
    attackable: false,
  };
}
