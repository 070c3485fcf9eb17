/**
 * Replays migrations in a throw-away server: what they make, which statement made it, and what did not run and why. Must never run anything
 * on a database of the user, and leaves nothing behind.
 */
import { readSnapshot, type Snapshot } from "@watertight/schema";
import pg from "pg";
import type { History } from "../history/history.ts";
import type { Outcome, ParsedStatement, Statement } from "../history/statement.ts";
import { folderBytes } from "./folder-bytes.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { asMeant } from "./pretended.ts";
import { join } from "./remedy.ts";
import { type Ran, runStatement } from "./run-statement.ts";
import { attempt, makeRunner, reconnect, type Runner } from "./runner.ts";
import { DATABASE, openSandbox, OWNER, type Sandbox } from "./sandbox.ts";
import { layGround } from "./stubs/lay-ground.ts";
import { groundOf } from "./stubs/platform.ts";
import { watchdog } from "./watchdog.ts";

/** Options of {@link replay}. */
export interface ReplayOptions {
  /** Major version; default 18. */
  readonly version?: number;
  /** Folder with binaries of another version than the embedded one. */
  readonly binaries?: string;
  /** A server to use again: what is in it is lost, and it is not stopped. */
  readonly sandbox?: Sandbox;
  readonly limits?: Partial<Limits>;
  /** Called after each statement. */
  readonly onProgress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/** A replayed database, until close(). */
export interface Replay {
  readonly statements: readonly Statement[];
  readonly history: History;
  /** The catalog at the end, as the user's server would show it. */
  readonly snapshot: Snapshot;
  readonly bootMs: number;
  /** Hosters whose objects were made before the first migration. */
  readonly platforms: readonly ("supabase" | "neon")[];
  /** Keys of everything that was there before the first migration, by its name then: it has no statement to blame. */
  readonly given: ReadonlySet<string>;
  /** Roles that no migration makes and that were made because a statement names them. */
  readonly madeRoles: readonly string[];
  /**
   * node-postgres' options to log in as a role; null: as the role that ran the migrations, which sees all rows and may do everything to every
   * object, and is no superuser. Never touch a table of the user's as superuser: its triggers are code of strangers.
   */
  config(role: string | null): pg.ClientConfig;
  /** Runs our own statement as superuser, in a database where no migration ever runs anything. */
  admin(text: string): Promise<Record<string, unknown>[]>;
  /** What the server's folder holds now. */
  dataBytes(): number;
  /** Reads the catalog again. */
  reread(): Promise<Snapshot>;
  close(): Promise<void>;
}

/**
 * Replays statements.
 * @throws EmbeddedError when no server can be started
 * @example
 * const result = await replay(await parseMigrations(set));
 * try { console.log(result.snapshot.relations.length); } finally { await result.close(); }
 */
export async function replay(parsed: readonly ParsedStatement[], options: ReplayOptions = {}): Promise<Replay> {
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const sandbox = options.sandbox ?? (await openSandbox({ ...options, memoryBytes: limits.memoryBytes }));
  const leave = (): Promise<void> => (options.sandbox === undefined ? sandbox.close() : Promise.resolve());
  try {
    await sandbox.reset();
    const ground = groundOf(parsed);
    await layGround(sandbox, ground);
    const guard = watchdog(sandbox, limits, options.signal);
    const runner = await makeRunner(sandbox, limits, guard, ground.platforms);
    const results = await runAll(runner, parsed, options.onProgress);
    await runner.session.close();
    const statements = results.map((ran, index): Statement => ({ ...parsed[index]!, index, ...shown(ran) }));
    const reread = (): Promise<Snapshot> => read(runner);
    return {
      statements,
      history: runner.observer.history(statements),
      snapshot: await reread(),
      bootMs: sandbox.bootMs,
      platforms: ground.platforms,
      given: runner.observer.given(),
      madeRoles: [...runner.made],
      config: (role) => sandbox.server.connection(DATABASE, role ?? OWNER),
      admin: (text) => sandbox.admin(text),
      dataBytes: () => folderBytes(sandbox.dataFolder),
      reread,
      close: leave,
    };
  } catch (error) {
    await leave();
    throw error;
  }
}

const shown = ({ outcome, asSuperuser, touched }: Ran): Pick<Statement, "outcome" | "asSuperuser" | "touched"> => ({
  outcome,
  asSuperuser,
  touched,
});

async function runAll(
  runner: Runner,
  parsed: readonly ParsedStatement[],
  onProgress: ReplayOptions["onProgress"],
): Promise<Ran[]> {
  const results: Ran[] = [];
  for (const [index, statement] of parsed.entries()) {
    const before = parsed[index - 1]?.migration;
    if (before !== statement.migration) {
      if (before !== undefined) await endFile(runner, results, before.transaction);
      if (statement.migration.transaction) await beginFile(runner, index);
    }
    const ran = await runStatement(runner, statement, index);
    if (ran.undone !== null) undo(results, ran.undone, statement);
    results.push(ran);
    if (statement.type === "CreateRoleStmt" || statement.type === "DoStmt") await join(runner);
    onProgress?.(index + 1, parsed.length);
  }
  const last = parsed.at(-1)?.migration;
  if (last !== undefined) await endFile(runner, results, last.transaction);
  return results;
}

async function beginFile(runner: Runner, index: number): Promise<void> {
  if (runner.session.status() !== "I") return;
  await runner.session.own("begin");
  runner.transaction.begin(index, true);
}

/** Ends what a file left open, and gives the next one a session without its settings. */
async function endFile(runner: Runner, results: Ran[], commits: boolean): Promise<void> {
  const { transaction } = runner;
  if (runner.session.status() === "T") {
    const { start } = transaction;
    const refusal = commits
      ? await attempt(runner, "commit", true)
      : { message: "the file ends inside its transaction" };
    if (!commits) await runner.session.own("rollback");
    transaction.end();
    if (refusal !== undefined && start !== null) {
      await runner.observer.forget(runner.session, start);
      for (let index = start; index < results.length; index++)
        results[index] = undone(results[index]!, `undone: ${refusal.message}`, commits);
    }
  }
  if (runner.stale || runner.session.status() === undefined) await reconnect(runner);
  else await runner.session.own("reset role; reset all");
}

function undo(results: Ran[], from: number, by: ParsedStatement): void {
  const reason = `undone by ${by.type === "TransactionStmt" ? by.text.trim().split(/\s+/)[0] : "the loss of its connection"} at line ${by.place.line}`;
  for (let index = from; index < results.length; index++) results[index] = undone(results[index]!, reason, false);
}

function undone(ran: Ran, reason: string, failed: boolean): Ran {
  if (ran.outcome.state !== "ran") return ran;
  const outcome: Outcome = failed
    ? { state: "failed", reason, sqlstate: null }
    : { state: "ran", adapted: ran.outcome.adapted === undefined ? reason : `${ran.outcome.adapted}; ${reason}` };
  return { ...ran, outcome, touched: [] };
}

// Reading is the superuser's, because some lists are closed to others. No code of the schema runs by it: nothing but pg_catalog is on the
// path, and login triggers are off.
async function read({ sandbox, pretended }: Runner): Promise<Snapshot> {
  const client = new pg.Client({
    ...sandbox.server.connection(DATABASE),
    options: `-c search_path=pg_catalog -c statement_timeout=60000 -c default_transaction_read_only=off${sandbox.server.version >= 17 ? " -c event_triggers=off" : ""}`,
    connectionTimeoutMillis: 10_000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    return asMeant(await readSnapshot(client), pretended, OWNER, sandbox.server.superuser);
  } finally {
    await client.end().catch(() => {});
  }
}
