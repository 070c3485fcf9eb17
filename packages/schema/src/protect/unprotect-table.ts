/**
 * Takes a table out of the kit and gives it back as it was: owner, rights, switches, constraints, indexes. Everything that came later
 * (columns, policies, grants to other roles made by the application's own people) is theirs; rights go back to the recorded state.
 */
import { withMembership } from "../db/membership.ts";
import type { Queryable } from "../db/queryable.ts";
import { quoteName, quoteQualified } from "../db/quote.ts";
import type { KitTransaction } from "../db/transaction.ts";
import { kitError } from "../errors/kit-error.ts";
import { withKit } from "../install/with-kit.ts";
import { descendants, readFacts, type TableFacts } from "./facts.ts";
import { findTable } from "./find-table.ts";
import { floorName, openName } from "./policies.ts";
import { restoreColumnRights, restoreTableRights } from "./prior-state.ts";
import { protectedTables, type ProtectedRecord } from "./records.ts";
import { recordChange } from "../install/record-change.ts";
import { dropSchemaAccess } from "./schema-access.ts";

/** What was done. */
export interface UnprotectReport {
  readonly table: string;
  readonly sql: string[];
  /** What could not be put back, and why. */
  readonly left: string[];
}

/**
 * Puts one table back as it was before it was protected or observed.
 * @example await unprotectTable(client, "projects");
 * @throws KitError WT_KIT_NOT_PROTECTED, and WT_KIT_PARENT while a derived table rests on it
 */
export async function unprotectTable(
  db: Queryable,
  table: string,
  options: { dryRun?: boolean } = {},
): Promise<UnprotectReport> {
  const found = await findTable(db, table);
  return withKit(db, options.dryRun ?? false, (tx) => unprotect(tx, found.oid));
}

/** The same inside a transaction of the kit; `known` saves reading all records again. */
export async function unprotect(
  tx: KitTransaction,
  oid: number,
  known?: readonly ProtectedRecord[],
): Promise<UnprotectReport> {
  const records = known ?? (await protectedTables(tx));
  const root = records.find((each) => each.oid === oid);
  if (!root) throw kitError("WT_KIT_NOT_PROTECTED");
  const order = await descendants(tx, oid);
  const tree = new Set(order);
  const child = records.find((each) => each.parent === oid && !tree.has(each.oid));
  if (child)
    throw kitError("WT_KIT_PARENT", {
      detail: `${child.name} takes its tenant from ${root.name}`,
      next: `Run: watertight kit unprotect ${child.name}`,
    });
  const from = tx.statements.length;
  const left: string[] = [];
  // partitions that were detached since are recorded under their root, and go with it
  const mine = records
    .filter((each) => tree.has(each.oid) || each.expected.root === oid)
    .sort((a, b) => order.indexOf(a.oid) - order.indexOf(b.oid));
  await tx.rows("select pg_catalog.set_config('lock_timeout', '5000', true)");
  for (const record of mine) await restore(tx, record, left);
  await dropSchemaAccess(tx, root.schema);
  await recordChange(tx, "unprotect", quoteQualified(root.schema, root.name), { left });
  return { table: quoteQualified(root.schema, root.name), sql: tx.statements.slice(from), left };
}

async function restore(tx: KitTransaction, record: ProtectedRecord, left: string[]): Promise<void> {
  const [facts] = await readFacts(tx, [record.oid]);
  if (!facts) return;
  const { before } = record;
  const table = quoteQualified(facts.schema, facts.name);
  await withMembership(tx, [facts.owner], async () => {
    for (const statement of dropOurs(facts, record, table)) await tx.run(statement);
    await giveBackOwner(tx, facts, before.owner, table, left);
    const [now] = await readFacts(tx, [record.oid]);
    const rights = await tx.attempt(() =>
      withMembership(tx, [now!.owner], async () => {
        for (const statement of restoreTableRights(now!, before)) await tx.run(statement);
        const [narrowed] = await readFacts(tx, [record.oid]);
        for (const statement of restoreColumnRights(narrowed!, before)) await tx.run(statement);
      }),
    );
    if (rights) left.push(`${table}: rights: ${rights.message}`);
  });
  await tx.rows("delete from watertight.protected where relation = $1::bigint::oid::regclass", [record.oid]);
}

function dropOurs(facts: TableFacts, record: ProtectedRecord, table: string): string[] {
  const { before } = record;
  const columns = record.column === null ? [] : facts.columns.filter((column) => column.name === record.column);
  return [
    ...facts.policies
      .filter((policy) => policy.name === floorName || policy.name === openName)
      .map((policy) => `drop policy ${policy.name} on ${table}`),
    ...(facts.force === before.force
      ? []
      : [`alter table ${table} ${before.force ? "" : "no "}force row level security`]),
    ...(facts.rls === before.rls
      ? []
      : [`alter table ${table} ${before.rls ? "enable" : "disable"} row level security`]),
    ...facts.indexes
      .filter((index) => before.indexes.includes(index.name))
      .map((index) => `drop index ${quoteQualified(facts.schema, index.name)}`),
    ...columns.flatMap((column) => {
      const was = before.notNull.includes(column.name);
      // a partition follows its parent; one that was stricter by itself becomes so again
      if (column.notNull === was || (!was && record.expected.root !== undefined)) return [];
      return [`alter table ${table} alter column ${quoteName(column.name)} ${was ? "set" : "drop"} not null`];
    }),
  ];
}

async function giveBackOwner(
  tx: KitTransaction,
  facts: TableFacts,
  owner: string,
  table: string,
  left: string[],
): Promise<void> {
  if (facts.owner === owner) return;
  const refused = await tx.attempt(() =>
    withMembership(tx, [owner], async () => {
      await tx.run(`alter table ${table} owner to ${quoteName(owner)}`);
    }),
  );
  if (refused) left.push(`${table}: owner stays ${facts.owner}: ${refused.message}`);
}
