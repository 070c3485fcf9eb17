/**
 * The demonstration's application: a project with migrations in a folder of its own, released like everybody's. The last file comes when the fleet is there, so
 * that there is something to plan and to apply. A test has its files judged; here they are not judged again.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type * as Control from "@watertight/control";

/** Its files, in order. */
export const demoFiles: readonly { readonly name: string; readonly text: string }[] = [
  {
    name: "0001_init.sql",
    text: `create table projects (tenant_id uuid not null, id int not null, name text not null, primary key (tenant_id, id));
create table invoices (tenant_id uuid not null, id int not null, project int not null, cents bigint not null, primary key (tenant_id, id),
  foreign key (tenant_id, project) references projects (tenant_id, id));
create index invoices_project on invoices (tenant_id, project);
create table plans (id int primary key, name text not null);
grant select on plans to watertight_silo_app, watertight_silo_readonly;
`,
  },
  {
    name: "0002_paid.sql",
    text: `alter table invoices add column paid_at timestamptz;
create table payments (tenant_id uuid not null, id int not null, invoice int not null, cents bigint not null, primary key (tenant_id, id),
  foreign key (tenant_id, invoice) references invoices (tenant_id, id));
create index payments_invoice on payments (tenant_id, invoice);
`,
  },
];

/** The project in its folder. */
export interface DemoProject {
  readonly folder: string;
  /** Writes the first `count` files and releases them. */
  release(count: number): Promise<void>;
  remove(): Promise<void>;
}

/** Makes it. */
export function demoProject(control: typeof Control, pool: Control.CatalogPool, folder: string): DemoProject {
  return {
    folder,
    async release(count) {
      await mkdir(join(folder, "migrations"), { recursive: true });
      for (const { name, text } of demoFiles.slice(0, count)) await writeFile(join(folder, "migrations", name), text);
      const { readMigrations } = await import("@watertight/audit");
      const migrations = await readMigrations(folder);
      await control.addRelease(pool, { name: "up --demo" }, { migrations, checkRelease: async () => [] });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
