// A project in a folder of its own for each test, and the command as people call it in there.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { capture, type Captured } from "./capture.ts";

/** A schema without a leak. */
export const clean: string = `
create role shop_owner nologin;
create role shop_app login;
create schema app authorization shop_owner;
grant usage on schema app to shop_app;
create table app.tenants (id uuid primary key);
create table app.invoices (tenant_id uuid not null references app.tenants, id uuid not null, total numeric, primary key (tenant_id, id));
alter table app.tenants owner to shop_owner;
alter table app.invoices owner to shop_owner;
alter table app.tenants enable row level security;
alter table app.tenants force row level security;
alter table app.invoices enable row level security;
alter table app.invoices force row level security;
create policy own on app.tenants as restrictive to public using (id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy open on app.tenants to public using (true);
create policy own on app.invoices as restrictive to public using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy open on app.invoices to public using (true);
grant select on app.tenants to shop_app;
grant select, insert, delete on app.invoices to shop_app;
grant update (total) on app.invoices to shop_app;
`;
/** A table without row security, for behind it. */
export const open: string = `create table app.files (tenant_id uuid not null references app.tenants, id uuid not null, name text, primary key (tenant_id, id));
alter table app.files owner to shop_owner;
grant select, insert on app.files to shop_app;
`;

/** The project of the test that runs. */
export interface Project {
  readonly folder: string;
  put(files: Readonly<Record<string, string>>): Promise<void>;
  wt(...argv: string[]): Promise<Captured>;
}

/** A new project for each test of the block. */
export function projectForEach(): Project {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "watertight-check-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  return {
    get folder() {
      return folder;
    },
    async put(files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      }
    },
    wt: (...argv) => capture(argv, { cwd: folder }),
  };
}
