/**
 * What a table was like before the kit touched it, kept in watertight.protected.before, and the statements that bring it back.
 * Rights are compared as effective rights: an ACL of NULL and the same rights written out are the same to everybody.
 */
import { quoteName, quoteQualified } from "../db/quote.ts";
import type { Grant, OwnedSequence, TableFacts } from "./facts.ts";

/** The prior state of one relation. */
export interface PriorState {
  readonly owner: string;
  readonly acl: Grant[];
  /** Rights on single columns, where there were any. */
  readonly columnAcls: Record<string, Grant[]>;
  readonly rls: boolean;
  readonly force: boolean;
  /** Columns of the tenancy that were NOT NULL already. */
  readonly notNull: string[];
  readonly sequences: OwnedSequence[];
  /** Indexes that the kit made, by name. */
  readonly indexes: string[];
}

/** Takes the state. */
export function takeState(facts: TableFacts, columns: readonly string[]): PriorState {
  const columnAcls = facts.columns
    .filter((column) => column.acl.length > 0)
    .map((column) => [column.name, column.acl] as const);
  return {
    owner: facts.owner,
    acl: facts.acl,
    columnAcls: Object.fromEntries(columnAcls),
    rls: facts.rls,
    force: facts.force,
    notNull: facts.columns
      .filter((column) => column.notNull && columns.includes(column.name))
      .map((column) => column.name),
    sequences: facts.sequences,
    indexes: [],
  };
}

const same = (a: Grant, b: Grant): boolean => a.grantee === b.grantee && a.privilege === b.privilege;

/** Statements that turn the rights `now` into `before` on an object such as `table "a"."b"`. */
function restoreRights(object: string, now: readonly Grant[], before: readonly Grant[], column?: string): string[] {
  const what = (grant: Grant): string =>
    column === undefined ? grant.privilege : `${grant.privilege} (${quoteName(column)})`;
  const who = (grant: Grant): string => (grant.grantee === null ? "public" : quoteName(grant.grantee));
  const revoke = now
    .filter((grant) => !before.some((each) => same(each, grant)))
    .map((grant) => `revoke ${what(grant)} on ${object} from ${who(grant)}`);
  const narrow = now
    .filter((grant) => grant.grantable && before.some((each) => same(each, grant) && !each.grantable))
    .map((grant) => `revoke grant option for ${what(grant)} on ${object} from ${who(grant)}`);
  const grant = before
    .filter((each) => !now.some((is) => same(is, each) && (is.grantable || !each.grantable)))
    .map((each) => `grant ${what(each)} on ${object} to ${who(each)}${each.grantable ? " with grant option" : ""}`);
  return [...revoke, ...narrow, ...grant];
}

/** Rights of a relation and its sequences, back to what they were. Ownership is restored before this. */
export function restoreTableRights(facts: TableFacts, before: PriorState): string[] {
  const sequences = facts.sequences.flatMap((sequence) => {
    const was = before.sequences.find((each) => each.schema === sequence.schema && each.name === sequence.name);
    const object = `sequence ${quoteQualified(sequence.schema, sequence.name)}`;
    return was ? restoreRights(object, sequence.acl, was.acl) : [];
  });
  return [...restoreRights(`table ${quoteQualified(facts.schema, facts.name)}`, facts.acl, before.acl), ...sequences];
}

/** Rights on columns, from facts read after the table's own: revoking a right on a table also revokes it on all its columns. */
export function restoreColumnRights(facts: TableFacts, before: PriorState): string[] {
  const table = `table ${quoteQualified(facts.schema, facts.name)}`;
  return facts.columns.flatMap((column) =>
    restoreRights(table, column.acl, before.columnAcls[column.name] ?? [], column.name),
  );
}
