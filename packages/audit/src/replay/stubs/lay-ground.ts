/**
 * Makes a hoster's ground in the empty database, as superuser: no code of anybody else is there yet. Must run before the first migration.
 */
import { quoteName } from "@watertight/schema";
import pg from "pg";
import { DATABASE, OWNER, type Sandbox } from "../sandbox.ts";
import type { Ground } from "./platform.ts";
import { sqlFile } from "./sql-file.ts";

/** Makes roles, schemas and defaults. Roles that the files need and the migrations make later are made without attributes. */
export async function layGround(sandbox: Sandbox, ground: Ground): Promise<void> {
  if (ground.files.length === 0) return;
  const client = new pg.Client(sandbox.server.connection(DATABASE));
  client.on("error", () => {});
  await client.connect();
  try {
    for (const { name, attributes } of ground.roles) await client.query(`create role ${quoteName(name)} ${attributes}`);
    for (const { name, of = [] } of ground.roles)
      for (const role of of) await client.query(`grant ${quoteName(role)} to ${quoteName(name)}`);
    for (const { name } of ground.roles) await client.query(`grant ${quoteName(name)} to ${OWNER} with admin option`);
    for (const file of ground.files) {
      const text = await sqlFile(file);
      if (text === undefined) throw new Error(`the package lacks sql/${file}`);
      await client.query(text);
    }
  } finally {
    await client.end().catch(() => {});
  }
}
