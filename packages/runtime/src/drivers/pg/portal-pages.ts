/**
 * Reads a query page by page through a named portal of the current transaction. Each page is a pipeline of its own
 * with its own Sync, so other statements of the transaction may run between pages, and a slow reader is its own
 * backpressure: the next page is only asked for when this one is used up.
 */
import { randomBytes } from "node:crypto";
import { failure } from "../../errors/errors.ts";
import type { ScopedQuery } from "./scoped-query.ts";
import type { PgResult } from "./shapes.ts";
import type { TenantClient } from "./tenant-client.ts";

/**
 * The rows of a query.
 * @param batchSize rows per round trip
 * @param check throws when the transaction has ended
 */
export async function* readPages(
  client: TenantClient,
  tenant: string,
  text: string,
  values: readonly unknown[] | undefined,
  batchSize: number,
  check: () => void,
): AsyncGenerator<Record<string, unknown>, void, undefined> {
  if (!Number.isInteger(batchSize) || batchSize < 1) throw failure("WT_CONFIG", { detail: "batchSize" });
  const portal = `wt${randomBytes(16).toString("hex")}`;
  let page: ScopedQuery = client.newQuery(tenant, text, values);
  page.portal = portal;
  page.pageSize = batchSize;
  let open = true;
  try {
    for (;;) {
      const { rows } = (await client.send(page)) as PgResult;
      open = page.suspended;
      yield* rows;
      if (!open) return;
      check();
      const next = client.newQuery(tenant, text);
      next.mode = "page";
      next.portal = portal;
      next.pageSize = batchSize;
      // The row description came with the first page only.
      next._result = next._results = page._result;
      next._result.rows = [];
      page = next;
    }
  } finally {
    if (open && client.getTransactionStatus() === "T") {
      const close = client.newQuery(tenant, "");
      close.mode = "close";
      close.portal = portal;
      await client.send(close);
    }
  }
}
