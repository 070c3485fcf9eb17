/**
 * A server with one large database, for as long as something is measured on it.
 */
import { randomBytes } from "node:crypto";
import { createDatabase, startServer } from "@watertight/testkit";
import { largeSchema, type SchemaSize } from "./large-schema.ts";

/** What the measurements on catalogs are made on. */
export const largeSize: SchemaSize = { tables: 500, views: 100, functions: 200 };

/** Calls `measure` with the superuser's URL of a database of that size, and the version of its server. */
export async function withLargeDatabase(
  version: 15 | 18,
  measure: (url: string, postgres: string) => Promise<void>,
): Promise<void> {
  const server = await startServer({ version });
  try {
    const db = await createDatabase(server);
    const tag = randomBytes(4).toString("hex");
    await db.admin.query(`create role owner_${tag}; create role app_${tag} login`);
    await db.admin.query(largeSchema(largeSize, `owner_${tag}`, `app_${tag}`));
    const { rows } = await db.admin.query<{ server_version: string }>("show server_version");
    await measure(db.adminUrl, rows[0]!.server_version);
  } finally {
    await server.stop();
  }
}
