/**
 * One connection to a target's database, with what we may do there. Several statements go in one message; an error then says which of them it
 * was. Must never be used for two targets at once.
 */
import pg from "pg";
import { MigrationError } from "../migration-error.ts";
import type { ConnectConfig } from "../target.ts";
import { defaultLimits, type Limits, sessionSettings } from "./limits.ts";

/** What the role is and may do in this database. */
export interface Speaker {
  readonly user: string;
  /** The kit's owner role. */
  readonly owner: string;
  readonly superuser: boolean;
  /** Row security does not bind it. */
  readonly bypasses: boolean;
}

/** A database's refusal, with the number of the statement of the message that it was. */
export class BatchFailure extends Error {
  readonly index: number;
  readonly sqlstate: string | undefined;
  constructor(index: number, cause: Error) {
    super(cause.message, { cause });
    this.index = index;
    this.sqlstate = (cause as { code?: string }).code;
  }
}

/** An open connection. */
export class TargetConnection {
  readonly speaker: Speaker;
  readonly #client: pg.Client;
  #completed = 0;
  #broken = false;

  /** What the session was set to, so that a transaction need not say it. */
  readonly limits: Limits;

  private constructor(client: pg.Client, speaker: Speaker, limits: Limits) {
    this.#client = client;
    this.speaker = speaker;
    this.limits = limits;
    // pg tells about an error, not about the statements before it
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.on("commandComplete", () => this.#completed++);
  }

  /** @throws MigrationError WT_MIGRATION_NO_KIT; the driver's own error where nothing answers */
  static async open(connect: ConnectConfig, limits: Limits = defaultLimits): Promise<TargetConnection> {
    const client = new pg.Client({
      application_name: "watertight migrations",
      ...(connect as pg.ClientConfig),
      connectionTimeoutMillis: 10_000,
    });
    client.on("error", () => {});
    await client.connect();
    try {
      const { rows } = await client.query<Omit<Speaker, "owner"> & { owner: string | null }>(
        `select current_user::text as user, r.rolsuper as superuser, r.rolsuper or r.rolbypassrls as bypasses,
                pg_catalog.pg_get_userbyid(c.relowner)::text as owner,
                ${sessionSettings(limits)}
           from pg_catalog.pg_roles r left join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass('watertight.release_ledger')
          where r.rolname = current_user`,
      );
      const [found] = rows;
      if (found?.owner === undefined || found.owner === null)
        throw new MigrationError("WT_MIGRATION_NO_KIT", { detail: client.database ?? "" });
      return new TargetConnection(client, { ...found, owner: found.owner }, limits);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  }

  /** False after the server or the network went away. */
  get usable(): boolean {
    return !this.#broken;
  }

  /** Sends statements as one message. @throws BatchFailure */
  async batch(statements: readonly string[]): Promise<pg.QueryResult[]> {
    this.#completed = 0;
    try {
      // no semicolon may stand within a comment that ends a statement
      const answer: unknown = await this.#client.query(statements.join("\n;\n"));
      return (Array.isArray(answer) ? answer : [answer]) as pg.QueryResult[];
    } catch (error) {
      this.#seen(error as Error);
      throw new BatchFailure(this.#completed, error as Error);
    }
  }

  /** One statement with parameters. */
  async query(text: string, params: unknown[] = []): Promise<pg.QueryResult> {
    try {
      return await this.#client.query(text, params);
    } catch (error) {
      this.#seen(error as Error);
      throw error;
    }
  }

  /** After a failure: leaves the transaction; the session's own settings come back. */
  async clear(): Promise<void> {
    if (!this.#broken) await this.#client.query("rollback").catch((error: Error) => this.#seen(error));
  }

  /** Closes it; never throws. */
  async end(): Promise<void> {
    await this.#client.end().catch(() => {});
  }

  #seen(error: Error): void {
    const { code = "" } = error as { code?: string };
    // no SQLSTATE, or one that ends the session
    this.#broken ||= !/^[0-9A-Z]{5}$/.test(code) || /^(?:57P0[1-5]|08)/.test(code);
  }
}
