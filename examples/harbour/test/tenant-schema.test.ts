// The tables of a tenant's own schema come from the same text as the shared ones. That they are the same tables is shown on a server.
import { describe, expect, it } from "vitest";
import { asTenantSchema } from "../src/database/tenant-schema.ts";
import { sqlFile } from "../src/database/sql-files.ts";

describe("asTenantSchema", () => {
  it("takes out the schema's name, the tenant column and what leads through it", () => {
    expect(
      asTenantSchema(`-- a comment about harbour
create schema harbour;
create table harbour.sites (
  tenant_id uuid not null,
  id uuid not null
);
alter table harbour.sites add primary key (tenant_id, id), add foreign key (tenant_id, customer) references harbour.customers (tenant_id, id);
select i.tenant_id, i.id from harbour.invoices i join harbour.sites c on c.tenant_id = i.tenant_id and c.id = i.site;
`),
    ).toBe(`create table sites (
  id uuid not null
);
alter table sites add primary key (id), add foreign key (customer) references customers (id);
select i.id from invoices i join sites c on c.id = i.site;
`);
  });
  it("refuses a text that it does not understand", () => {
    expect(() => asTenantSchema("create policy p on harbour.x using (tenant_id = 1)")).toThrow("one tenant");
  });
  it.each(["010_tables.sql", "020_keys.sql", "030_views.sql"])("understands %s", async (name) => {
    expect(asTenantSchema(await sqlFile(name))).not.toMatch(/tenant_id|harbour/);
  });
});
