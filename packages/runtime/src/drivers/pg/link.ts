/**
 * What is known about one connection: which tenant used it last, whether its transaction has a context, what must be
 * reset before somebody else uses it, which statements it has. Changed only when bytes were written or answered, so
 * a query that fails while it is built changes nothing.
 */
import type { SqlError } from "../../scope/classify.ts";
import { MessageWriter, passThrough } from "../../scope/wire.ts";
import type { ContextSource } from "./engine.ts";
import type { Sent } from "./pipeline.ts";
import { StatementNames } from "./statement-names.ts";

interface CachedContext {
  readonly bytes: Buffer;
  /** The statement's name in these bytes. */
  readonly name: string;
  readonly generation: number;
  readonly until: number;
}

const cacheLimit = 256;
// Not the pipeline's writer: that one is in the middle of a pipeline when a token is needed.
const contextWriter = new MessageWriter();

export class Link {
  readonly names: StatementNames = new StatementNames();
  /** The last tenant that something was sent for. */
  lastTenant: string | undefined;
  /** The last pipeline failed, or a reset was rolled back. */
  dirty: boolean = false;
  /** The tenant whose context is open in the current explicit transaction. */
  openTenant: string | undefined;
  /** Set when the connection must not be used again; settles when the cancel request is out. */
  condemned: Promise<void> | undefined;
  /**
   * A write met a read-only transaction. Perhaps the borrower before set default_transaction_read_only: a transaction
   * takes that over before its first statement can reset it, and a failed write rolls the reset back, for ever.
   */
  readOnly: boolean = false;
  #resetInTransaction: boolean = false;
  #resetUndone: boolean = false;
  readonly #contexts: Map<string, CachedContext> = new Map();

  /** Writes reset (if due) and context for a tenant. @returns the number of commands written; one is the context alone */
  writePrefix(
    engine: ContextSource,
    writer: MessageWriter,
    tenant: string,
    timeoutMs: number | undefined,
    pid: number,
  ): number {
    const profile = engine.profile!;
    const reset = profile.alwaysReset || this.dirty || (this.lastTenant ?? tenant) !== tenant;
    if (reset) {
      writer.raw(engine.resetBytes);
      this.names.unnamed(engine.resetCount);
    }
    const text = timeoutMs === undefined ? engine.openText : engine.openTimedText;
    const name = this.names.use(writer, text, profile.named);
    writer.raw(this.#contextBytes(engine, tenant, timeoutMs, pid, name));
    return reset ? engine.resetCount + 1 : 1;
  }

  /** Takes note of a pipeline's end; `tag` is the command tag of its last statement, e.g. COMMIT. */
  settle(
    status: string | null,
    failed: SqlError | undefined,
    sent: Sent,
    tenant: string,
    tag: string | null | undefined,
  ): void {
    this.names.settle(failed);
    if (failed?.code === "25006") this.readOnly = true;
    const undone = tag === "ROLLBACK";
    if (status === "I") {
      // A stray ROLLBACK of the borrower's undoes an implicit transaction without failing.
      if (sent.implicit) this.dirty = failed !== undefined || undone || (this.dirty && !sent.reset);
      // A reset is transactional like any other setting: rolled back, the leftovers of the last tenant are back.
      else if (this.#resetInTransaction) this.dirty = tag !== "COMMIT" || this.#resetUndone;
      this.openTenant = undefined;
      this.#resetInTransaction = this.#resetUndone = false;
      return;
    }
    // Also when the pipeline failed: the transaction can then only roll back, and the reset with it.
    this.#resetInTransaction ||= sent.reset;
    if (status !== "T") return;
    if (sent.opens && sent.skip === 0) this.openTenant = tenant;
    else if (tag === "COMMIT" || undone) {
      // COMMIT AND CHAIN ended the context but not the transaction; ROLLBACK TO may have: open it again.
      this.openTenant = undefined;
      // ROLLBACK AND CHAIN looks like ROLLBACK TO: perhaps the reset is undone, and a COMMIT at the end proves nothing.
      this.#resetUndone ||= this.#resetInTransaction && undone;
    }
  }

  // Bind and Execute of the context statement; a token costs 5 us, so the bytes are kept for half its life.
  #contextBytes(
    engine: ContextSource,
    tenant: string,
    timeoutMs: number | undefined,
    pid: number,
    name: string,
  ): Buffer {
    const { tokens, generation } = engine;
    const now = tokens ? Date.now() : 0;
    const cacheable = timeoutMs === engine.statementTimeoutMs;
    if (cacheable) {
      const cached = this.#contexts.get(tenant);
      if (cached?.generation === generation && cached.until > now && cached.name === name) return cached.bytes;
    }
    const bytes = contextWriter
      .bind("", name, engine.values(tenant, pid, timeoutMs), passThrough)
      .execute("")
      .take();
    if (cacheable) {
      if (this.#contexts.size >= cacheLimit) this.#contexts.clear();
      this.#contexts.set(tenant, { bytes, name, generation, until: tokens ? now + tokens.reuseMs : 1 });
    }
    return bytes;
  }
}
