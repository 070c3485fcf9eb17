// Databases whose kit is installed by the test itself, under role names of its own: as a superuser, or as a managed server has it, by a
// database owner with CREATEROLE who is no superuser. Must drop its roles, which outlive the database.
import { randomBytes } from "node:crypto";
import { createDatabase, type RoleNames, type TestDatabase, type TestServer } from "@watertight/testkit";
import pg from "pg";

/** Who runs the kit. */
export type Installer = "superuser" | "database owner";
export const installers: Installer[] = ["superuser", "database owner"];

export interface OwnDatabase {
  db: TestDatabase;
  roles: RoleNames;
  /** Connected as the installer. */
  kit: pg.Client;
  /** Name of the installer's role. */
  installer: string;
  /** A new connection as a role; closed with the database. */
  as(role: string): Promise<pg.Client>;
  drop(): Promise<void>;
}

/** A database without kit, and role names that nobody else uses. */
export async function ownDatabase(server: TestServer, who: Installer): Promise<OwnDatabase> {
  const db = await createDatabase(server);
  const tag = `t${randomBytes(4).toString("hex")}_`;
  const roles = Object.fromEntries(
    ["owner", "migrator", "app", "readonly", "control", "prober"].map((kind) => [kind, `${tag}${kind}`]),
  ) as unknown as RoleNames;
  const installer = who === "superuser" ? server.superuser : `${tag}installer`;
  const password = randomBytes(12).toString("hex");
  if (who === "database owner") {
    await db.admin.query(`create role ${installer} login createrole password '${password}'`);
    await db.admin.query(`alter database ${pg.escapeIdentifier(db.name)} owner to ${installer}`);
  }
  const clients: pg.Client[] = [];
  const as = async (role: string): Promise<pg.Client> => {
    const url = new URL(db.adminUrl);
    if (role !== server.superuser) {
      if (!server.embedded) await db.admin.query(`alter role ${pg.escapeIdentifier(role)} password '${password}'`);
      url.username = role;
      url.password = server.embedded ? "" : password;
    }
    const client = new pg.Client({ connectionString: url.href });
    client.on("error", () => {});
    await client.connect();
    clients.push(client);
    return client;
  };
  return {
    db,
    roles,
    kit: await as(installer),
    installer,
    as,
    async drop() {
      await Promise.all(clients.map((client) => client.end()));
      const { server: owner } = db;
      await db.drop();
      const admin = new pg.Client({ connectionString: owner.url() });
      await admin.connect();
      const { rows } = await admin.query<{ name: string }>(
        "select rolname as name from pg_roles where starts_with(rolname, $1)",
        [tag],
      );
      // the installer last: it is the grantor of the others' memberships
      for (const { name } of rows.sort((a, b) => Number(a.name === installer) - Number(b.name === installer)))
        await admin.query(`drop owned by ${name}; drop role ${name}`);
      await admin.end();
    },
  };
}
