/**
 * `why` on a live database: the row is read around row security where the connection may, then its policies are asked as the application's role in the
 * tenant's context. Everything happens in one read-only transaction that rolls back; nothing is written. Must never evaluate anything of the schema on a
 * connection that such a transaction does not bound.
 */
import { type Queryable, quoteName, readSnapshot, type Relation } from "@watertight/schema";
import { CheckError } from "../check/check-error.ts";
import { factsFrom } from "../check/facts.ts";
import type { ResolvedOptions } from "../config/resolve.ts";
import type { Facts } from "../rules/rule.ts";
import { schemaGraph } from "../understand/schema/graph.ts";
import { tenantColumn } from "../rules/judge/tenant-rows.ts";
import type { RowValue } from "./evaluate.ts";
import { answerCommands } from "./explain-row.ts";
import type { Explanation } from "./explanation.ts";
import { findRow, keyOf, type RowKey } from "./find-row.ts";
import { attempt, inReadOnly } from "./inside.ts";
import { kitLevel, memberOf, openKit, sessionsOf, statementsOf } from "./live-context.ts";
import { refusePowerful } from "./refuse-powerful.ts";
import { unboundReason } from "./unbound-reason.ts";
import { contextLines, namingColumns, roleOf, rowSecurityOf, tableOf } from "./who-asks.ts";

/** What is asked. */
export interface WhyLiveRequest {
  /** ONE connection outside of a transaction. A role that sees all rows and may act as the application's explains every row. */
  readonly db: Queryable;
  readonly resolved: ResolvedOptions;
  readonly table: string;
  /** See {@link keyOf}. */
  readonly row: string;
  /** The tenant's id; in a schema where a tenant is a user, the user's. */
  readonly tenant: string;
  /** A person of the tenant; default: found among its members. */
  readonly user?: string;
  readonly role?: string;
  /** WATERTIGHT_KEY, where the kit's contexts are signed. */
  readonly kitKey?: string;
}

/**
 * Explains a row.
 * @throws CheckError WT_CHECK_UNKNOWN for a table, row, role or person that is not there, WT_CHECK_DATABASE for a missing right,
 *   WT_CHECK_PRIVILEGED for a superuser's connection
 * @example const { commands } = await whyLive({ db: client, resolved, table: "invoices", row: "7", tenant: "acme" });
 */
export async function whyLive(request: WhyLiveRequest): Promise<Explanation> {
  const { db, resolved, table, tenant } = request;
  const statementMs = resolved.options.limits.statementSeconds * 1000;
  await refusePowerful(db, request.role ?? resolved.options.roles.tenant[0]);
  const snapshot = await readSnapshot(db, { statementMs });
  const facts = await factsFrom(snapshot, undefined, resolved);
  const graph = schemaGraph(snapshot);
  const relation = tableOf(graph, table);
  const key = keyOf(graph, relation, request.row, tenantColumn(facts, relation));
  return inReadOnly(db, statementMs, async () => {
    const { context } = facts.understanding;
    const application = roleOf(facts, request.role);
    const role = context.some(({ kind }) => kind === "role") && request.role === undefined ? tenant : application.name;
    await db.query("set local row_security = off");
    const around = await attempt(db, () => findRow(db, relation, key));
    const user = request.user ?? (await memberOf(db, facts, tenant));
    const sessions = await sessionsOf(db, facts, user);
    const level = context.some(({ kind }) => kind === "kit") ? await kitLevel(db) : null;
    await db.query("set local row_security = on");
    await become(db, role, facts, application.login);
    const statements = await statementsOf(facts, tenant, user, sessions);
    for (const statement of statements) await db.query(statement);
    if (level !== null) await openKit(db, tenant, level, request.kitKey);
    const row = await seen(db, relation, key, around);
    return {
      table: { schema: relation.schema, name: relation.name },
      row: namingColumns(facts, graph, relation, row.columns),
      tenant,
      user,
      role,
      context: [...contextLines(statements), ...(level === null ? [] : contextLines([""]))],
      rowSecurity: rowSecurityOf(relation),
      unbound: unboundReason(facts, role, relation),
      commands: await answerCommands({ db, facts, row, role }),
    };
  });
}

/** The row as read around row security, or as the role itself sees it. */
async function seen(
  db: Queryable,
  relation: Relation,
  key: RowKey,
  around: RowValue | Error | null,
): Promise<RowValue> {
  if (around !== null && !(around instanceof Error)) return around;
  if (around instanceof CheckError) throw around;
  const own = around === null ? null : await attempt(db, () => findRow(db, relation, key));
  if (own !== null && !(own instanceof Error)) return own;
  const named = [...key].map(([name, value]) => `${name} = ${value}`).join(", ");
  throw new CheckError(
    "WT_CHECK_UNKNOWN",
    around === null
      ? `${relation.name} has no row with ${named}.`
      : `${relation.name} shows no row with ${named}: it is not there, or this connection may not see it.`,
    around === null
      ? "Correct --row."
      : "Name with --db a role that row security does not bind, such as the table's owner.",
  );
}

async function become(db: Queryable, role: string, { snapshot }: Facts, login: string): Promise<void> {
  const done = await attempt(db, () => db.query(`set local role ${quoteName(role)}`));
  if (done instanceof Error)
    throw new CheckError(
      "WT_CHECK_DATABASE",
      `This connection may not act as ${role}: ${done.message}.`,
      `Name with --db a member of ${role}, or another role of the application with --role.`,
      { cause: done },
    );
  // SET ROLE brings no settings along; functions without a search_path of their own find their tables by it
  const path = snapshot.settings.findLast(({ role: of, name }) => of === login && name === "search_path");
  if (path !== undefined) await db.query("select pg_catalog.set_config('search_path', $1, true)", [path.value]);
}
