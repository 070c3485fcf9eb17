/**
 * The place where probes play: one transaction with scratch objects in pg_temp and, where the role may make one, a scratch role that row security
 * binds. Must never touch an object of the user, let code of the user run (event triggers), or leave anything: the transaction rolls back.
 */
import { randomBytes } from "node:crypto";
import { type Queryable, quoteName, type Row } from "@watertight/schema";
import { CannotTell } from "./probe.ts";

/** A running transaction for one probe. */
export interface Stage {
  /** server_version_num. */
  readonly version: number;
  /** Runs something that has to work. */
  run(sql: string): Promise<Row[]>;
  /** Runs something that may be refused; the refusal is undone. */
  attempt(sql: string): Promise<{ readonly rows: Row[] } | { readonly code: string; readonly message: string }>;
  /** The rest is done as a role that row security binds on the tables: the scratch role, or ourselves under FORCE. */
  become(): Promise<void>;
  leave(): Promise<void>;
  /** Another scratch role. @throws CannotTell without CREATEROLE */
  makeRole(): Promise<string>;
  /** Tables that {@link become} may use. */
  give(...tables: string[]): Promise<void>;
  /** The role of become(), quoted. */
  readonly actor: string;
}

interface Own {
  readonly name: string;
  readonly version: number;
  readonly bypasses: boolean;
  readonly mayMakeRoles: boolean;
  readonly mayMakeTemp: boolean;
  readonly readOnly: boolean;
  readonly eventTrigger: string | null;
}

const ownSql = `select current_user::text as name, pg_catalog.current_setting('server_version_num')::int as version,
    r.rolsuper or r.rolbypassrls as bypasses, r.rolsuper or r.rolcreaterole as "mayMakeRoles",
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY') as "mayMakeTemp",
    pg_catalog.current_setting('transaction_read_only') = 'on' as "readOnly",
    (select t.evtname::text from pg_catalog.pg_event_trigger t
      where t.evtenabled in ('O', 'A', 'R') and t.evtevent <> 'login' limit 1) as "eventTrigger"
  from pg_catalog.pg_roles r where r.rolname = current_user`;

/**
 * Opens a transaction, lets `work` play, and rolls back, whatever happened.
 * @param db ONE connection outside of a transaction
 */
export async function onStage<T>(db: Queryable, work: (stage: Stage) => Promise<T>): Promise<T> {
  await db.query("begin");
  try {
    await db.query(
      "set local search_path = pg_catalog, pg_temp; set local statement_timeout = '5s'; set local lock_timeout = '1s'; set local client_min_messages = error",
    );
    return await work(await setUp(db));
  } finally {
    await db.query("rollback");
  }
}

async function setUp(db: Queryable): Promise<Stage> {
  const own = (await db.query(ownSql)).rows[0] as Own;
  if (own.readOnly) throw new CannotTell("the server or session is read-only");
  if (!own.mayMakeTemp) throw new CannotTell(`${own.name} may not make temporary tables here`);
  const attempt = makeAttempt(db);
  if (own.eventTrigger !== null && "code" in (await attempt(quietFor(own.version))))
    throw new CannotTell(`event trigger ${own.eventTrigger} would run, and only a superuser can keep it still`);
  const run = async (sql: string): Promise<Row[]> => (await db.query(sql)).rows;
  const makeRole = async (): Promise<string> => {
    if (!own.mayMakeRoles) throw new CannotTell(`${own.name} may not make a role (CREATEROLE)`);
    const name = quoteName(`watertight_probe_${randomBytes(6).toString("hex")}`);
    await run(`create role ${name}`);
    // since 16 whoever makes a role may give it to anybody, and must first give it to itself to SET ROLE
    if (own.version >= 160000) await run(`grant ${name} to current_user with set true`);
    else await attempt(`grant ${name} to current_user`);
    return name;
  };
  const scratch = own.mayMakeRoles ? await makeRole() : null;
  if (scratch === null && own.bypasses)
    throw new CannotTell(`row security does not bind ${own.name}, and it may not make a role that it binds`);
  return {
    version: own.version,
    run,
    attempt,
    makeRole,
    actor: scratch ?? quoteName(own.name),
    become: async () => void (scratch !== null && (await run(`set local role ${scratch}`))),
    leave: async () => void (scratch !== null && (await run("reset role"))),
    async give(...tables) {
      for (const table of tables)
        await run(
          scratch === null
            ? `alter table ${table} force row level security`
            : `grant select, insert, update, delete on ${table} to ${scratch}`,
        );
    },
  };
}

/** Event triggers are code of the user; the setting that keeps them still needs a superuser. */
function quietFor(version: number): string {
  return version >= 170000 ? "set local event_triggers = off" : "set local session_replication_role = replica";
}

function makeAttempt(db: Queryable): Stage["attempt"] {
  return async (sql) => {
    await db.query("savepoint attempt");
    try {
      const { rows } = await db.query(sql);
      await db.query("release savepoint attempt");
      return { rows };
    } catch (error) {
      await db.query("rollback to savepoint attempt");
      const { code = "", message } = error as Error & { code?: string };
      return { code, message };
    }
  };
}
