/**
 * COPY inside a transaction, on the extended protocol: the usual COPY libraries use the simple one, which accepts
 * stacked statements. Data flows with backpressure in both directions.
 */
import { once } from 'node:events';
import { MessageWriter } from '../../scope/wire.ts';
import type { PgConnection, PgStream } from './shapes.ts';
import type { TenantClient } from './tenant-client.ts';

const writer = new MessageWriter();
const syncOnly = writer.sync().take();
const highWater = 1 << 20;

/** Runs `COPY … TO STDOUT`; ending early reads the rest and throws it away, which keeps the transaction usable. */
export async function* copyTo(client: TenantClient, tenant: string, text: string): AsyncGenerator<Buffer, void, undefined> {
  const query = client.newQuery(tenant, text);
  const stream = client.connection.stream;
  let chunks: Buffer[] = [];
  let size = 0;
  let wake: (() => void) | undefined;
  let ended = false;
  let failed: Error | null | undefined;
  let discard = false;
  query.handleCopyData = ({ chunk }) => {
    if (discard) return;
    // The parser reuses nothing, but the chunk is a view of the whole packet: copying keeps packets short-lived.
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size > highWater) stream.pause();
    wake?.();
  };
  query.callback = (error) => {
    ended = true;
    failed = error;
    wake?.();
  };
  client.run(query);
  try {
    for (;;) {
      if (chunks.length === 0) {
        if (ended) break;
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      const ready = chunks;
      chunks = [];
      size = 0;
      stream.resume();
      yield* ready;
    }
    if (failed) throw failed;
  } finally {
    discard = true;
    stream.resume();
    while (!ended) await new Promise<void>((resolve) => (wake = resolve));
  }
}

/** Runs `COPY … FROM STDIN` and returns the number of rows. A source that throws makes the server give the COPY up. */
export function copyFrom(client: TenantClient, tenant: string, text: string, source: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const query = client.newQuery(tenant, text);
    query.mode = 'copy';
    let sourceError: unknown;
    let synced = false;
    const finish = (connection: PgConnection): void => {
      if (synced) return;
      synced = true;
      connection.stream.write(syncOnly);
    };
    query.handleCopyInResponse = (connection) => {
      send(connection.stream, source, () => query.failed !== undefined).then(
        () => {
          if (query.failed === undefined) connection.stream.write(writer.message('c').take());
          finish(connection);
        },
        (error: unknown) => {
          sourceError = error ?? new Error('COPY source failed');
          if (query.failed === undefined) connection.stream.write(writer.message('f', 'source failed').take());
          finish(connection);
        },
      );
    };
    // Not a COPY after all, or refused before it began: the Sync is still to be sent.
    const complete = query.handleCommandComplete.bind(query);
    query.handleCommandComplete = (message, connection) => {
      complete(message, connection);
      if (query._result.command !== null) finish(connection);
    };
    query.onError = () => finish(client.connection);
    query.callback = (error, result) => {
      if (sourceError !== undefined) reject(sourceError);
      else if (error) reject(error);
      else resolve((result as { rowCount: number | null }).rowCount ?? 0);
    };
    client.run(query);
  });
}

async function send(stream: PgStream, source: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>, stopped: () => boolean): Promise<void> {
  for await (const chunk of source) {
    if (stopped()) return;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (!stream.write(writer.message('d', bytes).take())) await once(stream as never, 'drain');
  }
}
