/**
 * One pooled connection, lent to tenants in turn the way the runtime does it (reset when the tenant changes, open with a bound token,
 * extended protocol), with every byte recorded. A stand-in with switches, because the runtime has none: each switch is a defence that the
 * negative controls turn off. The same classes also run through the real pool (runtime/test/attacks).
 */
import { randomBytes } from "node:crypto";
import { mintToken } from "@watertight/runtime";
import pg from "pg";
import type { Arena } from "./arena.ts";

/** How the connection is run. The shipped way: reset, extended, and names that are random or absent. */
export interface Rig {
  readonly names: "random" | "guessable" | "none";
  readonly reset: boolean;
  readonly protocol: "extended" | "simple";
  /** Seconds; a token that lives long and on any backend is what a pooler forces on us. */
  readonly bound: boolean;
}

export const shipped: Rig = { names: "random", reset: true, protocol: "extended", bound: true };

/** Statements that run when the tenant of a connection changes; the runtime's list. */
export const resets: readonly string[] = ["close all", "unlisten *", "reset all", "discard sequences"];

export interface Said {
  readonly rows: readonly unknown[];
  readonly count: number;
  readonly code?: string;
}

export class Desk {
  readonly #client: pg.Client;
  readonly #arena: Arena;
  readonly #rig: Rig;
  readonly #prefix: string;
  #last: string | undefined;
  #ear: Buffer[] = [];
  /** Hex of every token that was sent for a tenant. */
  readonly tokens: { tenant: string; hex: string }[] = [];
  lost = false;

  private constructor(client: pg.Client, arena: Arena, rig: Rig) {
    this.#client = client;
    this.#arena = arena;
    this.#rig = rig;
    this.#prefix = rig.names === "guessable" ? "wt_" : `wt${randomBytes(16).toString("hex")}_`;
  }

  static async open(arena: Arena, rig: Rig = shipped): Promise<Desk> {
    const client = new pg.Client({
      connectionString: arena.db.url(arena.roles.app),
      options: "-c search_path=app,public",
    });
    const desk = new Desk(client, arena, rig);
    client.on("error", () => (desk.lost = true));
    client.on("end", () => (desk.lost = true));
    client.on("notice", () => {});
    await client.connect();
    (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection.stream.on(
      "data",
      (bytes: Buffer) => desk.#ear.push(bytes),
    );
    return desk;
  }

  get pid(): number {
    return (this.#client as unknown as { processID: number }).processID;
  }

  /** What the server sent since the last call. */
  heard(): string {
    const text = Buffer.concat(this.#ear).toString("latin1");
    this.#ear = [];
    return text;
  }

  /** Begins a tenant's transaction. */
  async begin(tenant: string): Promise<void> {
    await this.#send("begin");
    if (this.#rig.reset && this.#last !== undefined && this.#last !== tenant)
      for (const text of resets) await this.#send(text);
    this.#last = tenant;
    if (this.#arena.level === "plain")
      return void (await this.#send("select pg_catalog.set_config('watertight.tenant', $1, true)", [tenant]));
    const expiresAt = Math.floor(Date.now() / 1000) + 10;
    const token = mintToken({ key: this.#arena.key, tenant, pid: this.#rig.bound ? this.pid : 0, expiresAt });
    this.tokens.push({ tenant, hex: token.slice(2) });
    await this.#named(0, "select watertight.open($1)", [token]);
  }

  async end(text = "commit"): Promise<void> {
    await this.#send(text);
  }

  /** Runs one statement; errors are an answer, not an exception. */
  async say(text: string, values?: unknown[]): Promise<Said> {
    try {
      const result = await this.#send(text, values);
      return { rows: result.rows ?? [], count: result.rowCount ?? 0 };
    } catch (error) {
      return { rows: [], count: 0, code: (error as { code?: string }).code ?? "lost" };
    }
  }

  /** The application's own statement, which the runtime prepares under a name. */
  async honest(number: number, text: string, values: unknown[]): Promise<pg.QueryResult> {
    return this.#named(number, text, values);
  }

  /** Whether the connection may go back to a pool. */
  idle(): boolean {
    return !this.lost && this.#client.getTransactionStatus() === "I";
  }

  inTransaction(): boolean {
    return !this.lost && this.#client.getTransactionStatus() !== "I";
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {});
  }

  async #named(number: number, text: string, values: unknown[]): Promise<pg.QueryResult> {
    if (this.#rig.names === "none") return this.#send(text, values);
    const name = `${this.#prefix}${number}`;
    try {
      return await this.#client.query({ name, text, values });
    } catch (error) {
      // As the runtime does: a lost name is parsed again. Its transaction is gone, so the caller begins anew.
      delete (this.#client as unknown as { connection: { parsedStatements: Record<string, string> } }).connection
        .parsedStatements[name];
      throw error;
    }
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- rows of anything
  async #send(text: string, values?: unknown[]): Promise<pg.QueryResult<any>> {
    if (this.lost) throw new Error("connection lost");
    const query: pg.QueryConfig & { queryMode?: string } = { text, ...(values ? { values } : {}) };
    if (this.#rig.protocol === "extended") query.queryMode = "extended";
    return this.#client.query(query);
  }
}
