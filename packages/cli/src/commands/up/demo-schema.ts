/** The schema of the demonstration's application: two tables of tenants, one that all share. */
import type { SchemaSource } from "@watertight/control";

const tables = (prefix: string, tenant: string, key: string): string[] => [
  `create table ${prefix}projects (${tenant}id int not null, name text not null, primary key (${key}id))`,
  `create table ${prefix}invoices (${tenant}id int not null, project int not null, cents bigint not null, primary key (${key}id),
     foreign key (${key}project) references ${prefix}projects (${key}id))`,
];

/** At version 1. */
export const demoSchema: SchemaSource = {
  version: 1,
  database: [
    ...tables("public.", "tenant_id uuid not null, ", "tenant_id, "),
    "create table public.plans (id int primary key, name text not null)",
  ],
  tables: [{ table: "public.projects" }, { table: "public.invoices" }],
  schema: tables("", "", ""),
};
