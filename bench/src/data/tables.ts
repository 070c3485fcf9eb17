/**
 * The data set that every benchmark reads: a small task tracker, about 200,000 rows of 200 tenants of very different size, the same
 * rows on every machine. Generated inside the server, because sending them would take longer than measuring. Must never depend on a
 * clock or a random number.
 */
import { createHash } from "node:crypto";

/** Rows of the big table at scale 1. */
export const fullRows: number = 190_000;
/** Number of tenants. */
export const tenantCount: number = 200;

/** Tables under row security, in the order in which they are made. */
export const tenantTables: readonly string[] = ["project", "member", "task", "note"];

/** The id of the tenant with a rank; rank 1 is the biggest. */
export function tenantId(rank: number): string {
  const digest = createHash("sha256").update(`watertight bench tenant ${rank}`).digest("hex");
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}

/** Rows in the big table of each tenant, biggest first: about 14,000 to 340 at 190,000 rows (a power law, as tenants have it). */
export function rowsPerTenant(total: number): number[] {
  const weights = Array.from({ length: tenantCount }, (_, i) => (i + 1) ** -0.7);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => Math.max(60, Math.round((weight / sum) * total)));
}

/** Tables without indexes; run as the role that is to own them. */
export const tablesSql: string = `
create table tenant (id uuid primary key, rank int not null unique, tasks int not null);
create table project (tenant_id uuid not null, id bigint not null, name text not null, status text not null);
create table member (tenant_id uuid not null, id bigint not null, name text not null, email text not null);
create table task (
  tenant_id uuid not null, id bigint not null, project_id bigint not null, assignee_id bigint not null,
  title text not null, state text not null, points int not null, created_at timestamptz not null
);
create table note (
  tenant_id uuid not null, id bigint generated always as identity, task_id bigint not null, body text not null,
  created_at timestamptz not null default now(), primary key (tenant_id, id)
)`;

// Rows of different tenants lie mixed on the pages (order by a hash), as they do in a table that grew over the years.
// hashint4 is stable between versions and machines of the same byte order; nothing but the order depends on it.
const projectsEach = "greatest(3, t.tasks / 40)";
const membersEach = "greatest(3, t.tasks / 60)";

/** Fills the tables; parameters: array of ids, array of row counts. Returned apart because only the first statement has parameters. */
export const tenantsSql: string =
  "insert into tenant (id, tasks, rank) select id, tasks, rank from unnest($1::uuid[], $2::int[]) with ordinality as x(id, tasks, rank)";

export const rowsSql: string = `
insert into project
select t.id, g, 'Project ' || g, (array['open','paused','done'])[1 + g % 3] from tenant t, generate_series(1, ${projectsEach}) g order by hashint4(g * 211 + t.rank);
insert into member
select t.id, g, 'Member ' || g, 'member' || g || '@tenant' || t.rank || '.example' from tenant t, generate_series(1, ${membersEach}) g order by hashint4(g * 211 + t.rank);
insert into task
select t.id, g, 1 + g % ${projectsEach}, 1 + (g * 7) % ${membersEach}, 'Task ' || g || ' of tenant ' || t.rank, (array['open','doing','review','done'])[1 + g % 4],
       g % 13, timestamptz '2026-01-01 00:00:00+00' + g * interval '97 seconds'
  from tenant t, generate_series(1, t.tasks) g order by hashint4(g * 211 + t.rank);
alter table project add primary key (tenant_id, id);
alter table member add primary key (tenant_id, id);
alter table task add primary key (tenant_id, id);
create index task_newest on task (tenant_id, created_at);
create index task_of_project on task (tenant_id, project_id, id);
analyze`;

/** A caller of the benchmark: one tenant and the ids that it may ask for. */
export interface Caller {
  readonly tenant: string;
  readonly tasks: number;
  readonly projects: number;
}

/**
 * Callers, a different tenant for each, of average size and below (rank 61 onwards): for a tenant above the average PostgreSQL goes on
 * planning the unscoped list anew at every call, and a ratio to that would flatter us.
 */
export function callers(count: number, total: number = fullRows): Caller[] {
  const rows = rowsPerTenant(total);
  return Array.from({ length: count }, (_, i) => {
    const rank = 61 + (i % (tenantCount - 60));
    const tasks = rows[rank - 1]!;
    return { tenant: tenantId(rank), tasks, projects: Math.max(3, Math.floor(tasks / 40)) };
  });
}
