/**
 * What happens to an operation, as a stream (SSE). Every stream asks the catalog again and again, so a caller has only some at a time, and each
 * ends after a while: the caller comes back with Last-Event-ID, and is looked at again. Must never outlive a token by more than that.
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { streamSSE } from "hono/streaming";
import { withConnection } from "../../db/transaction.ts";
import { getOperation, listOperationEvents } from "../../operations/operation-rows.ts";
import type { ApiSettings } from "../api.ts";
import { type ApiEnv, need } from "../caller.ts";
import { problem } from "../problem.ts";

const mostPerCaller = 20;
const longestMs = 5 * 60_000;
const finished = ["succeeded", "failed", "cancelled"];

/** Adds the stream. It has no schema: it stands beside the document's routes. */
export function operationStream(api: OpenAPIHono<ApiEnv>, { pool, log = () => {} }: ApiSettings): void {
  const open = new Map<string, number>();
  api.get("/v1/operations/:operation/events", need("operations:read"), async (c) => {
    const id = c.req.param("operation");
    const { name } = c.get("caller");
    await withConnection(pool, (db) => getOperation(db, id));
    // nobody reads the body of a HEAD: its stream would wait for ever
    if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
    const mine = open.get(name) ?? 0;
    if (mine >= mostPerCaller)
      return problem(c, 429, "WT_API_RATE", `There are ${mostPerCaller} streams of this caller already.`, {
        next: "Close one first.",
      });
    open.set(name, mine + 1);
    let last = /^\d{1,18}$/.exec(c.req.header("last-event-id") ?? "")?.[0] ?? "0";
    return streamSSE(c, async (stream) => {
      const until = Date.now() + longestMs;
      let quiet = 0;
      try {
        while (!stream.aborted && Date.now() < until) {
          // state first: what ends it is written with its last event
          const { events, state } = await withConnection(pool, async (db) => {
            const operation = await getOperation(db, id);
            return { state: operation.state, events: await listOperationEvents(db, id, last) };
          });
          for (const { id: eventId, at, kind, data } of events) {
            await stream.writeSSE({ id: eventId, event: kind, data: JSON.stringify({ at, ...data }) });
            last = eventId;
          }
          if (events.length === 0 && finished.includes(state)) return;
          quiet = events.length === 0 ? quiet + 1 : 0;
          // proxies close what says nothing
          if (quiet > 0 && quiet % 30 === 0) await stream.write(": still here\n\n");
          // who waits for a person's word need not be asked for four times a second
          await stream.sleep(quiet > 20 ? 1000 : 250);
        }
      } catch (error) {
        // the head of the answer is out: the stream ends, and the caller comes back
        log(error as Error);
      } finally {
        const left = (open.get(name) ?? 1) - 1;
        if (left === 0) open.delete(name);
        else open.set(name, left);
      }
    });
  });
}
