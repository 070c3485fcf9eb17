// The role that makes databases and roles on the run's server: no superuser. On a server of its own the run closes what others left open there;
// on somebody's server it changes nothing that it did not make.
import { randomBytes } from "node:crypto";
import pg from "pg";
import type { Cluster } from "../database/cluster.ts";

export async function makeProvisioner(cluster: Cluster): Promise<{ host: string; port: number; url: string }> {
  const admin = new URL(cluster.url("postgres"));
  const { hostname: host, port } = admin;
  const where = { host: host.replace(/^\[|\]$/g, ""), port: Number(port || 5432) };
  return cluster.asAdmin("postgres", async (client) => {
    const { rows } = await client.query<{ superuser: boolean }>(
      "select rolsuper as superuser from pg_roles where rolname = current_user",
    );
    // who is no superuser is a provisioner already
    if (rows[0]!.superuser !== true) return { ...where, url: admin.href };
    const role = `${cluster.prefix}provisioner`;
    const password = randomBytes(24).toString("hex");
    cluster.dropsRoles([role]);
    await client.query(
      `create role ${pg.escapeIdentifier(role)} login createdb createrole password ${pg.escapeLiteral(password)} in role pg_monitor, pg_signal_backend`,
    );
    if (cluster.own)
      await client.query(
        `revoke connect on database postgres, template1 from public; grant connect on database postgres to ${pg.escapeIdentifier(role)}`,
      );
    const url = new URL(cluster.url("postgres", role));
    url.password = password;
    return { ...where, url: url.href };
  });
}
