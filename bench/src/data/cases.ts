/**
 * The four statements that are timed, each twice: with an explicit tenant condition for the unscoped side, and as an application
 * behind row security would write it. Apart from that condition and its parameter the two must stay the same statement.
 */
import type { Caller } from "./tables.ts";

/** What is asked. */
export type CaseName = "point" | "list" | "join" | "insert";

/** All cases. */
export const caseNames: readonly CaseName[] = ["point", "list", "join", "insert"];

/** One case. */
export interface Case {
  readonly name: CaseName;
  readonly unscoped: string;
  readonly scoped: string;
  /** Rows that every call must return. */
  readonly rows: number;
  /** Parameters of the scoped statement for the n-th call; the unscoped one has the tenant in front where `tenantFirst`. */
  values(caller: Caller, n: number): unknown[];
  /** Whether the unscoped text has one parameter more: the tenant, as `$1`. */
  readonly tenantFirst: boolean;
}

const listed = "select id, title, state, points, created_at from task";
const joined = `select t.id, t.title, t.state, p.name as project, m.name as assignee
  from task t
  join project p on p.tenant_id = t.tenant_id and p.id = t.project_id
  join member m on m.tenant_id = t.tenant_id and m.id = t.assignee_id`;

// A prime step visits a tenant's rows in an order that no cache line or page likes better than another.
const spread = (n: number, of: number): number => 1 + ((n * 7919) % of);

/** The cases by name. */
export const cases: Readonly<Record<CaseName, Case>> = {
  point: {
    name: "point",
    unscoped: `${listed} where tenant_id = $1 and id = $2`,
    scoped: `${listed} where id = $1`,
    rows: 1,
    values: (caller, n) => [spread(n, caller.tasks)],
    tenantFirst: true,
  },
  list: {
    name: "list",
    // No cut-off parameter: with one, PostgreSQL plans the unscoped statement anew at every call, and the ratio would flatter us.
    unscoped: `${listed} where tenant_id = $1 order by created_at desc limit 50`,
    scoped: `${listed} order by created_at desc limit 50`,
    rows: 50,
    values: () => [],
    tenantFirst: true,
  },
  join: {
    name: "join",
    unscoped: `${joined} where t.tenant_id = $1 and t.project_id = $2 order by t.id limit 20`,
    scoped: `${joined} where t.project_id = $1 order by t.id limit 20`,
    rows: 20,
    values: (caller, n) => [spread(n, caller.projects)],
    tenantFirst: true,
  },
  insert: {
    name: "insert",
    // The same on both sides: a row needs its tenant anyway.
    unscoped: "insert into note (tenant_id, task_id, body) values ($1, $2, $3) returning id",
    scoped: "insert into note (tenant_id, task_id, body) values ($1, $2, $3) returning id",
    rows: 1,
    values: (caller, n) => [caller.tenant, spread(n, caller.tasks), "Called the customer, will come back on Friday."],
    tenantFirst: false,
  },
};

/** Text and parameters of a call. */
export function statement(
  name: CaseName,
  scoped: boolean,
  caller: Caller,
  n: number,
): { text: string; values: unknown[] } {
  const it = cases[name];
  const values = it.values(caller, n);
  if (scoped) return { text: it.scoped, values };
  return { text: it.unscoped, values: it.tenantFirst ? [caller.tenant, ...values] : values };
}
