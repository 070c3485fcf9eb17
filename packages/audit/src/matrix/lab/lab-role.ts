/**
 * The role behind seeds and proofs in a replayed database: every right that a superuser has over the rows, and none over the machine. Triggers and
 * functions of strangers fire for it. The role that ran the migrations loses what only the throw-away server gave it, so that it attacks as the
 * user knows it.
 */
import { randomBytes } from "node:crypto";
import { quoteName, quoteText } from "@watertight/schema";
import type pg from "pg";
import type { AttackServer } from "../server.ts";

/** What a replay lends. */
export interface LabGround {
  /** node-postgres' options for a role. */
  config(role: string | null): pg.ClientConfig;
  /** Runs a statement as superuser, in a database without code of the schema. */
  admin(text: string): Promise<Record<string, unknown>[]>;
  readonly serverVersion: string;
  dataBytes?(): number;
}

const parametersOf = (version: number): string[] => [
  "session_replication_role",
  "deadlock_timeout",
  ...(version >= 17 ? ["event_triggers"] : []),
];

/**
 * Makes the role. `strip` names the role that ran the migrations where its BYPASSRLS, CREATEROLE and CREATEDB are ours and not the user's.
 * @example const matrix = await attackSchema(await labServer(ground, "postgres"), facts);
 */
export async function labServer(ground: LabGround, strip: string | null): Promise<AttackServer> {
  const { admin } = ground;
  const { database, password } = ground.config(null);
  const labRole = await freeName(admin);
  const role = quoteName(labRole);
  const secret = typeof password === "string" && password !== "" ? ` password ${quoteText(password)}` : "";
  const rights = `login bypassrls inherit connection limit -1 valid until 'infinity'${secret}`;
  await admin(`create role ${role} ${rights}`);
  const members = await admin(
    `select m.member::pg_catalog.regrole::pg_catalog.text as member, m.grantor::pg_catalog.regrole::pg_catalog.text as grantor
       from pg_catalog.pg_auth_members m where m.roleid = ${quoteText(role)}::pg_catalog.regrole`,
  );
  // PostgreSQL makes who makes a role a member of it; regrole quotes by itself
  for (const { member, grantor } of members)
    await admin(`revoke ${role} from ${String(member)} granted by ${String(grantor)} cascade`);
  // a superuser among them would lend its rights to everybody's triggers
  const others = await admin(
    `select rolname as name from pg_catalog.pg_roles where oid >= 16384 and not rolsuper and rolname <> ${quoteText(labRole)}`,
  );
  for (const { name } of others) await admin(`grant ${quoteName(String(name))} to ${role}`);
  for (const name of ["pg_read_all_data", "pg_write_all_data", "pg_signal_backend"])
    await admin(`grant ${name} to ${role}`);
  for (const parameter of parametersOf(Number.parseInt(ground.serverVersion, 10)))
    await admin(`grant set on parameter ${parameter} to ${role}`);
  await admin(`grant all on database ${quoteName(String(database))} to ${role}`);
  if (strip !== null) await admin(`alter role ${quoteName(strip)} nobypassrls nocreaterole nocreatedb`);
  return {
    config: (name) => ground.config(name ?? labRole),
    superuser: admin,
    dataBytes: () => ground.dataBytes?.() ?? 0,
  };
}

/** A name that no role has: a schema that knew it could behave while the attacks look. */
async function freeName(admin: LabGround["admin"]): Promise<string> {
  for (;;) {
    const name = `lab_${randomBytes(4).toString("hex")}`;
    const taken = await admin(`select from pg_catalog.pg_roles where rolname = ${quoteText(name)}`);
    if (taken.length === 0) return name;
  }
}
