/**
 * What one submission of a query writes: reset if due, context, the statement(s), one Sync; and what is known of it until
 * its ReadyForQuery. Decides by transaction status, never by parsing SQL, and fails closed: where a hint about the text is
 * wrong, the statement runs without context and the database refuses it.
 */
import { failure } from "../../errors/errors.ts";
import { MessageWriter } from "../../scope/wire.ts";
import type { ScopedQuery } from "./scoped-query.ts";
import type { PgModule, PgQuery } from "./shapes.ts";

const messages = new MessageWriter();
export const syncOnly: Buffer = messages.sync().take();
const describeAndExecute = messages.describePortal("").execute("").take();

/** Only hints: a wrong one makes the statement run without context, and then the database refuses. */
const beginHint = /^\s*(?:begin|start\s+transaction)\b/i;
const setTransactionHint = /^\s*set\s+(?:transaction|session\s+characteristics)\b/i;

/** A pipeline as it was written, and what is still to come of it. */
export interface Sent {
  /** CommandComplete messages to come that are not the caller's: of reset, BEGIN and context. */
  skip: number;
  /** It is a transaction of its own: idle before, no BEGIN. */
  readonly implicit: boolean;
  /** It resets what the borrower before left. */
  readonly reset: boolean;
  /** It opens the context. */
  readonly opens: boolean;
}

/**
 * Writes all of it, or throws why nothing may be sent; then the connection is untouched.
 * @param parts what runs instead of the query's own text
 */
export function writePipeline(
  query: ScopedQuery,
  parts: readonly PgQuery[] | undefined,
  writer: MessageWriter,
  map: PgModule["utils"]["prepareValue"],
): Sent {
  const { mode, portal, pageSize, text, host, tenant } = query;
  const { link, engine } = host;
  const { names } = link;
  let skip = 0;
  let implicit = false;
  let reset = false;
  let opens = false;
  names.start(writer);
  if (mode === "page") writer.execute(portal, pageSize);
  else if (mode === "close") writer.closeObject("P", portal);
  else {
    if (typeof text !== "string") throw new TypeError("A query needs a text");
    if (query.values && !Array.isArray(query.values)) throw new TypeError("Query values must be an array");
    const status = host.getTransactionStatus();
    if (mode === "begin") {
      opens = true;
      // A begin that is repeated: the failed one is still open, and takes its reset along.
      link.dirty ||= status === "E";
      for (const command of status === "E" ? ["rollback", text] : [text]) {
        writer.run(command);
        names.unnamed(1);
        skip++;
      }
    } else if (mode === "alone") implicit = status === "I";
    else if (status === "I") {
      if (mode !== "query" || pageSize > 0) throw failure("WT_NEEDS_TRANSACTION");
      opens = implicit = !beginHint.test(text);
    } else if (status === "T") {
      if (!link.openTenant) opens = mode === "open" || !setTransactionHint.test(text);
      else if (link.openTenant !== tenant) throw failure("WT_TENANT_MISMATCH");
    }
    if (opens) {
      const commands = link.writePrefix(engine, writer, tenant, query.timeoutMs, host.processID ?? 0);
      skip += commands;
      reset = commands > 1;
    }
    if (mode !== "begin" && mode !== "open")
      for (const part of parts ?? [query]) {
        const named = engine.profile?.named && (engine.prepare === "all" || (engine.prepare === "named" && part.name));
        writer.bind(portal, names.use(writer, part.text, !!named), part.values, map, query.binary === true);
        if (portal) writer.describePortal(portal).execute(portal, pageSize);
        else writer.raw(describeAndExecute);
      }
  }
  // The server swallows a Sync during COPY FROM.
  if (mode === "copy") writer.message("H");
  else writer.raw(syncOnly);
  if (opens) link.lastTenant = tenant;
  return { skip, implicit, reset, opens };
}
