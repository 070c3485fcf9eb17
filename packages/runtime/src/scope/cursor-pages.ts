/**
 * Rows in pages by a cursor of the server, declared in SQL: for drivers whose own cursors keep the connection busy, or
 * that have none. Other statements may run between two pages. Must be used inside a transaction with a context.
 */
import { failure } from "../errors/errors.ts";

/** Options of `stream`. */
export interface StreamOptions {
  /** Rows fetched per round trip; default 200. */
  readonly batchSize?: number;
}

/**
 * @param name of the cursor; ours, never the caller's
 * @param run sends one statement in the transaction
 */
export async function* readPages<R>(
  name: string,
  text: string,
  values: readonly unknown[],
  { batchSize = 200 }: StreamOptions,
  run: (text: string, values: readonly unknown[]) => Promise<Iterable<R> & { readonly length: number }>,
): AsyncGenerator<R> {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw failure("WT_CONFIG", { detail: "batchSize must be a positive whole number" });
  const fetch = `fetch ${batchSize} from ${name}`;
  // One statement only: this is the extended protocol, and DECLARE takes nothing but a query.
  const declared = run(`declare ${name} no scroll cursor for ${text}`, values);
  let [, page] = await both(declared, run(fetch, []));
  let open = true;
  try {
    for (;;) {
      yield* page;
      if (page.length < batchSize) return;
      page = await run(fetch, []);
    }
  } catch (error) {
    open = false;
    throw error;
  } finally {
    if (open) await run(`close ${name}`, []);
  }
}

// The first failure is the cause, the second only says that the transaction has failed.
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === "rejected") throw a.reason;
  if (b.status === "rejected") throw b.reason;
  return [a.value, b.value];
}
