/**
 * What one submission of a query writes: reset if due, context, the statement(s), one Sync; and what is known of it until
 * its ReadyForQuery. Decides by transaction status, never by parsing SQL, and fails closed: where a hint about the text is
 * wrong, the statement runs without context and the database refuses it.
 */
import { failure } from "../../errors/errors.ts";
import { conditionOf, type SqlError } from "../../scope/classify.ts";
import { MessageWriter } from "../../scope/wire.ts";
import type { ScopedQuery } from "./scoped-query.ts";
import type { PgModule, PgQuery } from "./shapes.ts";
import type { NamedStatement } from "./statement-names.ts";

const executeAndSync = new MessageWriter().describePortal("").execute("").sync().take();
const describeAndExecute = new MessageWriter().describePortal("").execute("").take();
export const syncOnly: Buffer = new MessageWriter().sync().take();

/** Only hints: a wrong one makes the statement run without context, and then the database refuses. */
const beginHint = /^\s*(?:begin|start\s+transaction)\b/i;
const setTransactionHint = /^\s*set\s+(?:transaction|session\s+characteristics)\b/i;

export class Pipeline {
  /** CommandComplete messages still to come that are not the caller's: of reset, BEGIN and context. */
  skip: number = 0;
  /** It is a transaction of its own: idle before, no BEGIN. */
  implicit: boolean = false;
  /** It resets what the borrower before left. */
  reset: boolean = false;
  /** It opens the context. */
  opens: boolean = false;
  /** Statements with a name, ours or the caller's. */
  readonly used: NamedStatement[] = [];
  readonly #parses: (NamedStatement | null)[] = [];

  /** Writes all of it, or throws why nothing may be sent; then the connection is untouched. */
  write(
    query: ScopedQuery,
    parts: readonly PgQuery[] | undefined,
    writer: MessageWriter,
    map: PgModule["utils"]["prepareValue"],
  ): void {
    const { mode, portal, pageSize, text, host, tenant } = query;
    const { link } = host;
    link.names.writeCloses(writer);
    if (mode === "page") return void writer.execute(portal, pageSize).raw(syncOnly);
    if (mode === "close") return void writer.closeObject("P", portal).raw(syncOnly);
    if (typeof text !== "string") throw new TypeError("A query must have a text.");
    if (query.values && !Array.isArray(query.values)) throw new TypeError("Query values must be an array");
    const status = host.getTransactionStatus();
    if (mode === "begin") {
      // A begin that is repeated: the failed one is still open, and takes its reset along.
      if (status === "E") {
        this.#run("rollback", writer);
        link.dirty = true;
      }
      this.#run(text, writer);
      this.#open(query, writer);
    } else if (mode === "alone") this.implicit = status === "I";
    else if (status === "I") {
      if (mode !== "query" || pageSize > 0) throw failure("WT_NEEDS_TRANSACTION");
      if (!beginHint.test(text)) {
        this.#open(query, writer);
        this.implicit = true;
      }
    } else if (status === "T") {
      if (link.openTenant === undefined) {
        if (mode === "open" || !setTransactionHint.test(text)) this.#open(query, writer);
      } else if (link.openTenant !== tenant) throw failure("WT_TENANT_MISMATCH");
    }
    if (mode === "begin" || mode === "open") writer.raw(syncOnly);
    else if (parts) {
      for (const part of parts) {
        this.#statement(query, part, part.name, writer, map);
        writer.raw(describeAndExecute);
      }
      writer.raw(syncOnly);
    } else {
      this.#statement(query, query, query.statementName, writer, map);
      if (mode === "copy") writer.execute("").message("H");
      else if (pageSize > 0) writer.describePortal(portal).execute(portal, pageSize).raw(syncOnly);
      else writer.raw(executeAndSync);
    }
    if (this.opens) link.lastTenant = tenant;
  }

  #run(text: string, writer: MessageWriter): void {
    writer.run(text);
    this.#parses.push(null);
    this.skip++;
  }

  #open({ host, tenant, timeoutMs }: ScopedQuery, writer: MessageWriter): void {
    const { link, engine, processID } = host;
    const commands = link.writePrefix(engine, writer, tenant, timeoutMs, processID ?? 0, this.#parses, this.used);
    this.skip += commands;
    this.reset = commands > 1;
    this.opens = true;
  }

  #statement(
    { host: { engine, link }, portal, binary }: ScopedQuery,
    { text, values }: PgQuery,
    name: string | undefined,
    writer: MessageWriter,
    map: PgModule["utils"]["prepareValue"],
  ): void {
    let statement = "";
    if (engine.profile?.named && (engine.prepare === "all" || (engine.prepare === "named" && name))) {
      const entry = link.names.use(writer, text, this.#parses);
      this.used.push(entry);
      statement = entry.name;
    } else {
      writer.parse("", text);
      this.#parses.push(null);
    }
    writer.bind(portal, statement, values, map, binary === true);
  }

  /** Takes note of the end; `tag` is the command tag of the last statement. */
  settle({ host, tenant, parsed }: ScopedQuery, failed: SqlError | undefined, tag: string | null | undefined): void {
    host.link.settle(host.getTransactionStatus(), failed, this, tenant, tag);
    // A named Parse survives the failure of its pipeline, so what counts is which ParseComplete came (42P05 trap).
    this.#parses.forEach((statement, i) => {
      if (statement) statement.state = i < parsed ? "parsed" : "absent";
    });
    if (failed && conditionOf(failed) === "statement-lost")
      for (const statement of this.used) statement.state = "suspect";
  }
}
