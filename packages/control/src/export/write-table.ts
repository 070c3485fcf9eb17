/**
 * Streams one table into one file, as CSV, in the tenant's context: row security decides which rows. Must never hold a table in memory, nor
 * leave a file that others may read.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { quoteName } from "@watertight/schema";
import type { ExportedTable } from "./manifest.ts";
import type { TableFacts } from "./table-facts.ts";

/** What this asks of a tenant's transaction. */
export interface ReadingTransaction {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  copyTo(text: string): AsyncIterable<Buffer>;
}

const chunkBytes = 65_536;

/**
 * Writes the file. Nulls are empty, empty texts are "".
 * @param told rows and bytes so far, now and then
 */
export async function writeTable(
  tx: ReadingTransaction,
  facts: TableFacts,
  folder: string,
  file: string,
  shared: boolean,
  told: (rows: number, bytes: number) => void | Promise<void>,
): Promise<ExportedTable> {
  const hash = createHash("sha256");
  const handle = await open(join(folder, file), "wx", 0o600);
  let messages = 0;
  let bytes = 0;
  let waiting: Buffer[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    const block = Buffer.concat(waiting);
    waiting = [];
    size = 0;
    hash.update(block);
    // write() may write a part
    for (let at = 0; at < block.length;) at += (await handle.write(block, at)).bytesWritten;
    bytes += block.length;
    await told(Math.max(0, messages - 1), bytes);
  };
  try {
    // the server sends one message for the header and one for each row
    for await (const row of tx.copyTo(copyText(facts))) {
      messages++;
      waiting.push(row);
      size += row.length;
      if (size >= chunkBytes) await flush();
    }
    await flush();
    await handle.sync();
  } finally {
    await handle.close();
  }
  const { schema, name, columns } = facts;
  return { schema, name, shared, file, columns, rows: messages - 1, bytes, sha256: hash.digest("hex") };
}

/** A query and not the table's name: partitions and what inherits come along, and only so. */
function copyText({ id, columns }: Pick<TableFacts, "id" | "columns">): string {
  const list = columns.map(({ name }) => quoteName(name)).join(", ");
  return `copy (select ${list} from ${id}) to stdout (format csv, header true, encoding 'UTF8')`;
}
