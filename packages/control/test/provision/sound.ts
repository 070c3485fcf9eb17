/** What stands on a cell, in its pool and among the secrets is what the catalog knows, and the other way round. */
import { readdir } from "node:fs/promises";
import type { TestServer } from "@watertight/testkit";
import { expect } from "vitest";
import { asSuperuser } from "./cells.ts";

/** Rows of the catalog. */
// oxlint-disable-next-line typescript/no-explicit-any -- rows of many shapes, named beside each query
export type CatalogQuery = (text: string, values?: unknown[]) => Promise<any[]>;

/** Expects that nothing is left over and nothing is missing. */
export async function sound(query: CatalogQuery, cell: TestServer, folder: string): Promise<void> {
  const known = await query(
    "select distinct l.database as name, l.schema, l.made_by from watertight_catalog.location l where l.state <> 'retired' and l.made_by is not null",
  );
  const databases = known.filter((row) => row.schema === null).map((row) => row.name as string);
  await asSuperuser(cell, async (admin) => {
    const { rows } = await admin.query(
      "select datname as name from pg_database where datname ~ '^(t_|making_|trying_)' order by 1",
    );
    expect(rows.map((row) => row.name)).toEqual(databases.toSorted());
    const { rows: roles } = await admin.query("select rolname as name from pg_roles where rolname ~ '^t_' order by 1");
    expect(roles.map((row) => row.name)).toEqual(
      databases.flatMap((name) => [`${name}_in`, `${name}_ro`, `${name}_rw`]).toSorted(),
    );
  });
  const [host] = await query("select database from watertight_catalog.location where model = 'pool'");
  await asSuperuser(
    cell,
    async (admin) => {
      const { rows } = await admin.query("select nspname as name from pg_namespace where nspname ~ '^t_' order by 1");
      const schemas = known.flatMap((row) => (row.schema === null ? [] : [row.schema as string]));
      expect(rows.map((row) => row.name)).toEqual(schemas.toSorted());
      const { rows: fence } = await admin.query("select tenant from watertight.fence where state = 'incoming'");
      expect(fence).toEqual([]);
    },
    host.database,
  );
  const secrets = (await readdir(folder)).filter((file) => file.startsWith("op_"));
  expect(secrets.length).toBe(3 * databases.length);
}
