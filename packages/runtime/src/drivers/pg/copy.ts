/**
 * COPY inside a transaction, on the extended protocol: the usual COPY libraries use the simple one, which accepts
 * stacked statements. Data flows with backpressure in both directions.
 */
import { once } from "node:events";
import { Readable } from "node:stream";
import { syncOnly } from "./pipeline.ts";
import type { PgResult } from "./shapes.ts";
import type { TenantClient } from "./tenant-client.ts";

/** Runs `COPY … TO STDOUT`; ending early reads the rest and throws it away, which keeps the transaction usable. */
export async function* copyTo(
  client: TenantClient,
  tenant: string,
  text: string,
): AsyncGenerator<Buffer, void, undefined> {
  const socket = client.connection.stream;
  // Object mode, so that each chunk stays what the server sent: for text formats one row.
  const out = new Readable({ objectMode: true, highWaterMark: 1000, read: () => socket.resume() });
  const query = client.newQuery(tenant, text);
  query.handleCopyData = ({ chunk }) => {
    if (!out.destroyed && !out.push(chunk)) socket.pause();
  };
  const done = client.send(query).then(
    () => out.push(null),
    (error: Error) => out.destroy(error),
  );
  try {
    yield* out;
  } finally {
    socket.resume();
    await done;
  }
}

/** Runs `COPY … FROM STDIN` and returns the number of rows. A source that throws makes the server give the COPY up. */
export async function copyFrom(
  client: TenantClient,
  tenant: string,
  text: string,
  source: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
): Promise<number> {
  const socket = client.connection.stream;
  const { writer } = client.engine;
  const query = client.newQuery(tenant, text, undefined, { mode: "copy" });
  let sourceError: unknown;
  let synced = false;
  const finish = (last?: Uint8Array): void => {
    if (synced) return;
    synced = true;
    if (last) socket.write(last);
    socket.write(syncOnly);
  };
  query.handleCopyInResponse = async () => {
    try {
      for await (const chunk of source) {
        // The server gave up in between.
        if (synced) return;
        if (!socket.write(writer.message("d", typeof chunk === "string" ? Buffer.from(chunk) : chunk).take()))
          await once(socket as never, "drain");
      }
      finish(writer.message("c").take());
    } catch (error) {
      sourceError = error;
      finish(writer.message("f", "source failed").take());
    }
  };
  // Done, refused, or not a COPY after all: the Sync is still to be sent.
  query.onEnd = finish;
  try {
    return ((await client.send(query)) as PgResult).rowCount ?? 0;
  } catch (error) {
    throw sourceError ?? error;
  }
}
