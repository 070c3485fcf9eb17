/**
 * The tagged template. Queries stay postgres.js's own objects, so that fragments, helpers, `.values()`, `.raw()`,
 * `.forEach()` and `.describe()` work; only where they are sent changes. The tenant is decided when the template is
 * written, because a query of postgres.js runs when it is awaited, which may be in somebody else's request.
 * Must never let a query reach postgres.js's own handler, which would send it without a context.
 */
import { failure } from "../../errors/errors.ts";
import { Cancellation, type StopSignal } from "./cancellation.ts";
import type { NativeQuery, NativeSql } from "./shapes.ts";

/** What happens to the queries of one tag. */
export interface Destination {
  /** Called when a query is written: the tenant, or throws why there is none. */
  tenant(): string;
  /** Called when a query is awaited. */
  send(query: NativeQuery, tenant: string, signal: StopSignal): Promise<unknown>;
  /** Called when pages of a query are asked for. */
  pages(query: NativeQuery, tenant: string, rows: number, signal: StopSignal): AsyncIterableIterator<unknown[]>;
}

/** Makes the tag, with the helpers of postgres.js that send nothing. */
export function makeTag(sql: NativeSql, to: Destination): object {
  const tag = (first: unknown, ...rest: unknown[]): unknown => {
    const made = sql(first, ...rest);
    if (Array.isArray((first as { raw?: unknown } | null)?.raw)) redirect(made as NativeQuery, to);
    return made;
  };
  const unsafe = (text: string, values?: unknown[] | object, options?: object): unknown => {
    const [given, extra] = Array.isArray(values) ? [values, options] : [[], values ?? options];
    const query = sql.unsafe(text, given, {
      prepare: false,
      ...extra,
      simple: (extra as { simple?: boolean } | undefined)?.simple ?? false,
    });
    redirect(query, to);
    return query;
  };
  return Object.assign(tag, { types: sql.types, typed: sql.typed, array: sql.array, json: sql.json, unsafe });
}

function redirect(query: NativeQuery, to: Destination): void {
  let decide: () => string;
  try {
    const tenant = to.tenant();
    decide = () => tenant;
  } catch (error) {
    // Not thrown here: a fragment is written in the same way and needs no tenant.
    decide = () => {
      throw error;
    };
  }
  const stop = new Cancellation();
  query.handler = () => {
    const { resolve, reject } = query;
    void run(query, to, decide, stop).then(resolve, reject);
  };
  // postgres.js's own cancel would leave the connection to the next borrower.
  query.canceller = async () => stop.cancel();
  query.cursor = ((rows?: number | PageHandler, fn?: PageHandler) => {
    const size = typeof rows === "number" ? rows : 1;
    const handler = typeof rows === "function" ? rows : fn;
    query.options.simple = false;
    const pages = generate(query, to, decide, size, stop);
    return handler === undefined ? pages : each(pages, handler);
  }) as NativeQuery["cursor"];
}

type PageHandler = (page: unknown[]) => unknown;

async function run(query: NativeQuery, to: Destination, decide: () => string, signal: StopSignal): Promise<unknown> {
  const tenant = decide();
  // .simple(), .readable() and .writable(): the simple protocol permits stacked statements.
  if (query.options.simple) throw failure("WT_SIMPLE_PROTOCOL");
  return to.send(query, tenant, signal);
}

async function* generate(
  query: NativeQuery,
  to: Destination,
  decide: () => string,
  rows: number,
  signal: StopSignal,
): AsyncGenerator<unknown[]> {
  yield* to.pages(query, decide(), rows, signal);
}

async function each(pages: AsyncGenerator<unknown[]>, handler: PageHandler): Promise<void> {
  for await (const page of pages) {
    // sql.CLOSE is an object of its own; nothing else that a handler returns means "stop".
    const answer = await handler(page);
    if (typeof answer === "object" && answer !== null && Object.keys(answer).length === 0) return;
  }
}
