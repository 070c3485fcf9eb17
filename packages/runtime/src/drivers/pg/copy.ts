/**
 * COPY inside a transaction, on the extended protocol: the usual COPY libraries use the simple one, which accepts
 * stacked statements. Data flows with backpressure in both directions.
 */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { MessageWriter } from '../../scope/wire.ts';
import type { PgConnection, PgStream } from './shapes.ts';
import type { TenantClient } from './tenant-client.ts';

const writer = new MessageWriter();
const syncOnly = writer.sync().take();

/** Runs `COPY … TO STDOUT`; ending early reads the rest and throws it away, which keeps the transaction usable. */
export async function* copyTo(client: TenantClient, tenant: string, text: string): AsyncGenerator<Buffer, void, undefined> {
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
