// A small multi-tenant application to attack: one table of every kind the product knows. It installs tables and rows and grants
// what the application needs, but no row security: protecting them is what the tests are about. Must never be "fixed" towards
// safety here, or the negative controls stop leaking.
import type pg from "pg";
import { SAMPLE_ROWS, tenantA, tenantB, type SampleTenant } from "./sample-tenants.ts";

/** Tables with a tenant column, qualified. */
export const tenantTables: readonly string[] = ["app.projects", "app.tasks", "app.events"];

/** Tables that reach their tenant through a parent: table, its columns, the parent and the parent's columns. */
export const derivedTables: readonly { table: string; columns: string[]; parent: string; parentColumns: string[] }[] = [
  { table: "app.comments", columns: ["task_id"], parent: "app.tasks", parentColumns: ["id"] },
];

/** Tables shared by all tenants by declaration. */
export const globalTables: readonly string[] = ["app.tenants", "app.plans"];

/** Options of {@link sampleSchema}. */
export interface SampleOptions {
  /** Type of the tenant column; default `uuid`. With `bigint` the tenants are 1 and 2, with `text` their uuids as text. */
  tenantIdType?: "uuid" | "bigint" | "text";
  /** Name of the tenant column; default `tenant_id`. */
  tenantColumn?: string;
}

/** What was installed. */
export interface Sample {
  a: SampleTenant;
  b: SampleTenant;
  tenantColumn: string;
}

/**
 * Installs the sample application into schema `app`, owned by `roles.owner`, with two tenants of {@link SAMPLE_ROWS} rows a table.
 * `admin` must be allowed to become the owner; the roles must exist (createDatabase with `kit`).
 */
export async function sampleSchema(
  admin: Pick<pg.Client, "query">,
  roles: { owner: string; app: string; readonly: string },
  options: SampleOptions = {},
): Promise<Sample> {
  const type = options.tenantIdType ?? "uuid";
  const column = options.tenantColumn ?? "tenant_id";
  const numbered = type === "bigint";
  const sample: Sample = {
    a: numbered ? { ...tenantA, id: "1" } : tenantA,
    b: numbered ? { ...tenantB, id: "2" } : tenantB,
    tenantColumn: column,
  };
  const tenant = quote(column);
  await admin.query(ddl(type, tenant, roles));
  await admin.query("insert into app.plans (id, name) values (1, 'free'), (2, 'team')");
  for (const one of [sample.a, sample.b]) await seed(admin, type, tenant, one);
  await admin.query("analyze app.projects, app.tasks, app.comments, app.events");
  return sample;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function ddl(type: string, tenant: string, roles: { owner: string; app: string; readonly: string }): string {
  const [owner, app, readonly] = [quote(roles.owner), quote(roles.app), quote(roles.readonly)];
  const tables = ["tenants", "plans", "projects", "tasks", "comments", "events", "events_2026", "events_rest"];
  return `
    create schema app;
    create table app.plans (id int primary key, name text not null);
    create table app.tenants (id ${type} primary key, name text not null, plan_id int not null default 1 references app.plans);
    create table app.projects (
      ${tenant} ${type} not null references app.tenants,
      id uuid not null default gen_random_uuid(),
      name text not null,
      secret text not null,
      primary key (${tenant}, id)
    );
    create table app.tasks (
      ${tenant} ${type} not null,
      id uuid not null unique default gen_random_uuid(),
      project_id uuid not null,
      title text not null,
      done boolean not null default false,
      primary key (${tenant}, id),
      foreign key (${tenant}, project_id) references app.projects (${tenant}, id)
    );
    create table app.comments (
      id uuid primary key default gen_random_uuid(),
      task_id uuid not null references app.tasks (id),
      body text not null
    );
    create index on app.comments (task_id);
    create table app.events (
      ${tenant} ${type} not null,
      id bigint generated always as identity,
      at timestamptz not null default now(),
      what text not null,
      primary key (${tenant}, id, at)
    ) partition by range (at);
    create table app.events_2026 partition of app.events for values from ('2026-01-01') to ('2027-01-01');
    create table app.events_rest partition of app.events default;
    ${tables.map((table) => `alter table app.${table} owner to ${owner};`).join("\n    ")}
    alter schema app owner to ${owner};
    grant usage on schema app to ${app}, ${readonly};
    grant select, insert, update, delete on all tables in schema app to ${app};
    grant select on all tables in schema app to ${readonly};`;
}

async function seed(
  admin: Pick<pg.Client, "query">,
  type: string,
  tenant: string,
  { id, name, canary, projectId, taskId, commentId }: SampleTenant,
): Promise<void> {
  // Row 1 has the fixed id, the others count up in its last digits.
  const nth = (first: string): string => `(left('${first}', 35) || i)::uuid`;
  const rows = `generate_series(1, ${SAMPLE_ROWS}) i`;
  await admin.query(`insert into app.tenants (id, name, plan_id) values ($1::${type}, $2, 2)`, [id, name]);
  await admin.query(
    `insert into app.projects (${tenant}, id, name, secret)
     select $1::${type}, ${nth(projectId)}, $2 || ' project ' || i, $2 || ' secret ' || i from ${rows}`,
    [id, canary],
  );
  await admin.query(
    `insert into app.tasks (${tenant}, id, project_id, title)
     select $1::${type}, ${nth(taskId)}, ${nth(projectId)}, $2 || ' task ' || i from ${rows}`,
    [id, canary],
  );
  await admin.query(
    `insert into app.comments (id, task_id, body)
     select ${nth(commentId)}, ${nth(taskId)}, $1 || ' comment ' || i from ${rows}`,
    [canary],
  );
  await admin.query(
    `insert into app.events (${tenant}, at, what)
     select $1::${type}, timestamptz '2026-02-01' + i * interval '1 year' - interval '1 year', $2 || ' event ' || i from ${rows}`,
    [id, canary],
  );
}
