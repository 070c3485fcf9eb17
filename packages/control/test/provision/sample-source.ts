/** A small application's schema as a source: two protected tables with a foreign key, a shared one; a second version adds a column. */
import type { SchemaSource } from "../../src/provision/schema-source.ts";

const tables = `
  create table projects (tenant_id uuid not null, id int not null, name text not null check (name <> ''), primary key (tenant_id, id));
  create table tasks (tenant_id uuid not null, id int generated always as identity, project int not null, title text not null,
    primary key (tenant_id, id), foreign key (tenant_id, project) references projects (tenant_id, id));`;

/** The source at a version. */
export function sampleSource(version: number = 1): SchemaSource {
  const later = version >= 2 ? ["alter table projects add column note text"] : [];
  return {
    version,
    database: [
      tables
        .replaceAll("create table ", "create table public.")
        .replace("references projects", "references public.projects"),
      "create table public.plans (id int primary key, name text)",
      ...later.map((text) => text.replace("table projects", "table public.projects")),
    ],
    tables: [{ table: "public.projects" }, { table: "public.tasks" }],
    schema: [
      "create table projects (id int primary key, name text not null)",
      "create table tasks (id int generated always as identity primary key, project int not null references projects, title text not null)",
      "create view open_tasks as select id, title from tasks",
      ...later,
    ],
    upgrade: (_, from) => (from < version ? later : []),
    settings: { timezone: "UTC", search_path: '"$user", public' },
  };
}

/** The same for tests that kill: when it is to fail, the intrusion test misses a table that nobody made. */
export function killedSource(fails: boolean): SchemaSource {
  return { ...sampleSource(), ...(fails ? { tables: [{ table: "public.nobody_made_this" }] } : {}) };
}
