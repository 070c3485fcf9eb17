// A tenant's database many times over on one server: copies of one that has the kit, a table and all tenants in its fence. Must never be made on a
// server that is not thrown away afterwards: nothing drops the copies.
import type { RoleNames } from "@watertight/schema";
import pg from "pg";
import { copyDatabaseRights } from "../database/copy-rights.ts";
import { createDatabase } from "../database/create-database.ts";
import type { TestServer } from "../server/test-server.ts";

/** Databases with the same content. */
export interface ManyDatabases {
  readonly roles: RoleNames;
  /** WATERTIGHT_KEY of all of them. */
  readonly key: string;
  /** Tenant number `i`, who is served in database number `i` (and known to the others). */
  tenant(i: number): string;
  /** URL of database number `i` as the app role. */
  url(i: number): string;
}

/**
 * Makes `count` databases, each with table `item` of one row for its tenant.
 * @example const many = await manyDatabases(await startServer({ settings: { max_connections: "150" } }), 300);
 */
export async function manyDatabases(server: TestServer, count: number): Promise<ManyDatabases> {
  const source = await createDatabase(server, { kit: true });
  const { roles, key, name } = source;
  const tenant = (i: number): string => `00000000-0000-4000-8000-${i.toString(16).padStart(12, "0")}`;
  await source.admin.query(
    `create table item (tenant_id uuid not null, id int primary key, body text not null);
     alter table item owner to "${roles.owner}"; alter table item enable row level security; alter table item force row level security;
     create policy floor on item as restrictive using (tenant_id = (select watertight.tenant_id()::uuid));
     create policy tenant on item using (true);
     grant usage on schema public to "${roles.app}"; grant select, insert, update, delete on item to "${roles.app}"`,
  );
  await source.admin.query("select watertight.register_tenant(t) from unnest($1::text[]) t", [
    Array.from({ length: count }, (_, i) => tenant(i)),
  ]);
  await source.admin.query("insert into item select $1, 1, 'one'", [tenant(0)]);
  await source.admin.end();
  const copy = (i: number): string => `${name}_${i}`;
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  try {
    for (let i = 0; i < count; i++) {
      await client.query(
        `create database "${copy(i)}" template "${name}"${server.embedded ? " strategy file_copy" : ""}`,
      );
      await copyDatabaseRights(client, name, copy(i));
    }
  } finally {
    await client.end();
  }
  return {
    roles,
    key,
    tenant,
    url: (i) => source.url(roles.app).replace(`/${name}`, `/${copy(i)}`),
  };
}
