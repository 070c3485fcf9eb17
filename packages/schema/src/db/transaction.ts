/**
 * One transaction for a whole run of the kit, with a written record of what was executed. A dry run executes everything and
 * rolls back: the printed SQL is then exactly what would run, and errors show up as they would.
 * Must never record a parameter's value (keys travel as parameters).
 */
import { kitError } from "../errors/kit-error.ts";
import { type Caller, describeCaller } from "./caller.ts";
import type { Queryable, Row } from "./queryable.ts";

/** A running transaction of the kit. */
export class KitTransaction {
  /** Statements that changed something, in order. */
  readonly statements: string[] = [];
  readonly caller: Caller;
  readonly #db: Queryable;
  #savepoints = 0;

  constructor(db: Queryable, caller: Caller) {
    this.#db = db;
    this.caller = caller;
  }

  /** Reads. */
  async rows(text: string, params?: unknown[]): Promise<Row[]> {
    return (await this.#db.query(text, params)).rows;
  }

  /** Changes something; the text is recorded. */
  async run(text: string, params?: unknown[]): Promise<Row[]> {
    this.statements.push(text);
    return (await this.#db.query(text, params)).rows;
  }

  /** Runs `fn`; when the database refuses, undoes it alone and returns the error. */
  async attempt(fn: () => Promise<void>): Promise<Error | undefined> {
    const name = `watertight_${++this.#savepoints}`;
    const before = this.statements.length;
    await this.#db.query(`savepoint ${name}`);
    try {
      await fn();
      await this.#db.query(`release savepoint ${name}`);
      return undefined;
    } catch (error) {
      await this.#db.query(`rollback to savepoint ${name}`);
      this.statements.length = before;
      return error as Error;
    }
  }

  /** Runs `fn` as another role and comes back to the present one. */
  async as<T>(role: string, fn: () => Promise<T>): Promise<T> {
    const [before] = await this.rows("select pg_catalog.current_setting('role') as role");
    await this.#db.query("select pg_catalog.set_config('role', $1, true)", [role]);
    const result = await fn();
    await this.#db.query("select pg_catalog.set_config('role', $1, true)", [before!.role]);
    return result;
  }
}

// Two kits on one server make the same roles at the same time: whoever comes second sees one of these, and the next try finds the role.
const collisions = new Set(["23505", "42710", "40001", "40P01", "XX000"]);

/** Runs `fn` in a transaction of its own; `dryRun` rolls it back at the end. */
export async function inKitTransaction<T>(
  db: Queryable,
  dryRun: boolean,
  fn: (tx: KitTransaction) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    await db.query("begin isolation level read committed read write");
    try {
      const tx = new KitTransaction(db, await describeCaller(db));
      // nothing of the session may change the meaning of our texts; unqualified names and operators resolve in pg_catalog only
      await db.query(
        "set local search_path = pg_catalog, pg_temp; set local client_min_messages = warning; set local row_security = on",
      );
      const result = await fn(tx);
      await db.query(dryRun ? "rollback" : "commit");
      return result;
    } catch (error) {
      await db.query("rollback");
      const code = (error as { code?: string }).code ?? "";
      if (collisions.has(code) && attempt < 8) {
        await new Promise((resolve) => setTimeout(resolve, 20 * attempt + Math.random() * 50));
        continue;
      }
      if (code === "42501") throw kitError("WT_KIT_PRIVILEGE", { detail: (error as Error).message, cause: error });
      throw error;
    }
  }
}
