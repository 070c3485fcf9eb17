/**
 * Reads a query page by page through a named portal of the current transaction. Each page is a pipeline of its own
 * with its own Sync, so other statements of the transaction may run between pages, and a slow reader is its own
 * backpressure: the next page is only asked for when this one is used up.
 */
import { failure } from "../../errors/errors.ts";
import type { PgResult } from "./shapes.ts";
import { randomName } from "./statement-names.ts";
import type { TenantClient } from "./tenant-client.ts";

/**
 * The rows of a query.
 * @param batchSize rows per round trip
 * @param check throws when the transaction has ended
 */
export async function* readPages<R>(
  client: TenantClient,
  tenant: string,
  text: string,
  values: readonly unknown[] | undefined,
  batchSize: number,
  check: () => void,
): AsyncGenerator<R, void, undefined> {
  if (!Number.isInteger(batchSize) || batchSize < 1) throw failure("WT_CONFIG", { detail: "batchSize" });
  const page = client.newQuery(tenant, text, values, { portal: randomName(), pageSize: batchSize });
  let open = true;
  try {
    for (;;) {
      const { rows } = (await client.send(page)) as PgResult<R>;
      open = page.suspended;
      yield* rows;
      if (!open) return;
      check();
      // The same query again: the row description comes with the first page only.
      page.mode = "page";
      page._result.rows = [];
    }
  } finally {
    if (open && client.getTransactionStatus() === "T") {
      page.mode = "close";
      await client.send(page);
    }
  }
}
