/**
 * The members of postgres.js that this driver uses. Some are not in its types (`handler`, `onexecute`, `reserved`), so
 * the start-up probe checks that they still mean what they meant (engine.ts); nothing is ever guessed from a version.
 */
import { failure } from "../../errors/errors.ts";

/** Identity of a server connection; one object per pool slot, filled anew when the slot reconnects. */
export interface Backend {
  readonly pid: number | null;
  readonly secret: number | null;
}

/** What the server knows a statement by. `types` are parameter type OIDs, filled in by the server's description. */
export interface NativeStatement {
  name: string;
  string: string;
  types: number[];
}

/** A query of postgres.js: a lazy promise that does nothing until it is awaited. */
export interface NativeQuery extends Promise<unknown> {
  readonly tagged: boolean;
  readonly strings: readonly string[];
  args: unknown[];
  options: { simple?: boolean | undefined; prepare?: boolean | undefined; onexecute?: unknown };
  handler: (query: NativeQuery) => void;
  canceller: ((query: NativeQuery) => Promise<void>) | null;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  state: Backend | null;
  statement: NativeStatement | null;
  parameters: unknown[] | null | undefined;
  signature: unknown;
  prepare: boolean;
  prepared: boolean;
  describeFirst: unknown;
  onlyDescribe?: boolean;
  active: boolean;
  cursorFn?: unknown;
  streaming?: boolean;
  execute(): NativeQuery;
  raw(): NativeQuery;
  cursor(rows: number): AsyncIterable<unknown[]>;
}

/** A connection of postgres.js's pool. */
export interface NativeConnection {
  queue: { remove(connection: NativeConnection): unknown };
  /** Set while somebody has the connection to himself; called when all answers are in. */
  reserved: ((() => void) & { release?: boolean }) | null;
  onclose?: ((error: unknown) => void) | null;
  idleTimer: { cancel(): void };
  /** Writes a query; false or undefined when the next one must wait. */
  execute(query: NativeQuery): boolean | undefined;
  terminate(): void;
}

/** An instance as the internals of this driver see it. */
export interface NativeSql {
  (first: unknown, ...rest: unknown[]): unknown;
  unsafe(text: string, args: unknown[], options: object): NativeQuery;
  readonly types: unknown;
  readonly typed: unknown;
  readonly array: unknown;
  readonly json: unknown;
  readonly options: { readonly prepare: boolean; readonly fetch_types: boolean; readonly max: number };
}

/** What {@link tenantSql} is handed: the instance made by the user's own `postgres(...)`. */
export interface PostgresJsLike {
  // oxlint-disable-next-line typescript/no-explicit-any -- the user's own instance, whatever its type map
  (template: TemplateStringsArray, ...parameters: any[]): PromiseLike<any>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  unsafe(query: string, parameters?: any[], options?: any): PromiseLike<any>;
  reserve(): PromiseLike<unknown>;
  end(options?: { timeout?: number | undefined }): Promise<void>;
}

/**
 * Checks that this is an instance of postgres.js, 3.4 or newer (`reserve` came with 3.4).
 * @throws ConfigurationError WT_DRIVER_UNSUPPORTED
 */
export function checkSql(sql: PostgresJsLike): NativeSql {
  const { unsafe, reserve, options } = (sql ?? {}) as unknown as Partial<Record<string, unknown>>;
  if (typeof sql !== "function" || typeof unsafe !== "function" || typeof reserve !== "function")
    throw unsupported("not an instance of postgres.js 3.4 or newer");
  if (typeof (options as { prepare?: unknown } | undefined)?.prepare !== "boolean")
    throw unsupported("its options can't be read");
  return sql as unknown as NativeSql;
}

/** The error for a postgres.js that does not do what it did. */
export function unsupported(detail: string): Error {
  return failure("WT_DRIVER_UNSUPPORTED", { detail: `postgres.js: ${detail}` });
}
