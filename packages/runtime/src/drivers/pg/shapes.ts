/**
 * The members of node-postgres that this driver uses, declared here instead of importing pg: the user's own copy is
 * handed in at run time. A type test proves that the real pg fits, `checkDriver` that this copy has them.
 */
import type { EventEmitter } from "node:events";
import { failure } from "../../errors/errors.ts";

/** What {@link tenantPool} is handed: the user's own `pg`. */
export interface PgLike {
  // oxlint-disable-next-line typescript/no-explicit-any -- the user's own classes, whatever their parameters
  readonly Client: new (...args: any[]) => any;
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  readonly Pool: new (...args: any[]) => any;
}

/** A result as pg makes it; `R` is the row, which nothing checks at run time. */
export interface PgResult<R = Record<string, unknown>> {
  command: string;
  rowCount: number | null;
  oid: number | null;
  rows: R[];
  fields: { name: string; dataTypeID: number }[];
}

export interface PgResultBuilder extends PgResult {
  _types: unknown;
  parseRow(fields: readonly (string | null)[]): Record<string, unknown>;
  addRow(row: Record<string, unknown>): void;
  addFields(fields: readonly unknown[]): void;
  addCommandComplete(message: { text: string }): void;
}

interface PgStream {
  readonly writable: boolean;
  write(bytes: Uint8Array, done?: (error?: Error | null) => void): boolean;
  destroy(error?: Error): void;
  pause(): void;
  resume(): void;
  once(event: string, listener: () => void): unknown;
}

export interface PgConnection extends EventEmitter {
  stream: PgStream;
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(pid: number, secret: number | null): void;
  end(): void;
  query(text: string): void;
}

export type Callback = (error: Error | null | undefined, result?: unknown) => void;

/** What every pg client can do; {@link tenantPool} gives the exact type of your own copy. */
export interface PgQueryable {
  query(text: string, values?: unknown[]): Promise<PgResult>;
}

/** Anything that pg's client can run. */
export interface PgSubmittable {
  submit(connection: PgConnection): Error | null | undefined | void;
  callback?: Callback | undefined;
}

export interface PgQuery extends EventEmitter, PgSubmittable {
  text: string;
  values: unknown[] | undefined;
  name: string | undefined;
  types: unknown;
  binary: boolean | undefined;
  rows: number | undefined;
  queryMode: string | undefined;
  _rowMode: string | undefined;
  _result: PgResultBuilder;
  _results: PgResultBuilder;
  _canceledDueToError: Error | false;
  handleRowDescription(message: { fields: readonly unknown[] }): void;
  handleDataRow(message: { fields: readonly (string | null)[] }): void;
  handleCommandComplete(message: { text: string }, connection: PgConnection): void;
  handleEmptyQuery(connection: PgConnection): void;
  handlePortalSuspended(connection: PgConnection): void;
  handleCopyInResponse(connection: PgConnection): void;
  handleCopyData(message: { chunk: Buffer }, connection: PgConnection): void;
  handleReadyForQuery(connection: PgConnection): void;
  handleError(error: Error, connection: PgConnection): void;
}

export interface PgClient extends EventEmitter {
  connection: PgConnection;
  connectionParameters: { query_timeout?: number | false | undefined };
  processID: number | null;
  secretKey: number | null;
  host: string;
  port: number;
  ssl: unknown;
  sslNegotiation: string | undefined;
  readyForQuery: boolean;
  _connecting: boolean;
  _queryable: boolean;
  _ending: boolean;
  _types: unknown;
  _queryQueue: PgSubmittable[];
  release?: Release;
  _getActiveQuery(): PgSubmittable | null | undefined;
  _handleErrorMessage(message: Error): void;
  _handleParseComplete(): void;
  getTransactionStatus(): string | null;
  query(config: unknown, values?: unknown, callback?: Callback): unknown;
  connect(callback?: (error?: Error | null) => void): Promise<unknown> | void;
  end(): Promise<void>;
}

export type Release = (error?: Error | boolean) => void;
export type ConnectCallback = (error: Error | null | undefined, client: PgClient | undefined, release: Release) => void;

export interface PgPool extends EventEmitter {
  readonly options: Record<string | symbol, unknown> & { connectionTimeoutMillis?: number };
  readonly ending: boolean;
  _idle: { client: PgClient }[];
  _pendingQueue: unknown[];
  _pulseQueue(): void;
  connect(callback: ConnectCallback): void;
  connect(): Promise<PgClient>;
  query(config: unknown, values?: unknown, callback?: Callback): unknown;
  end(callback?: () => void): Promise<void>;
}

/** The module as this driver sees it after the check. */
export interface PgModule {
  readonly Client: new (config?: object) => PgClient;
  readonly Pool: new (config?: object) => PgPool;
  readonly Query: new (config: unknown, values?: unknown, callback?: Callback) => PgQuery;
  readonly Result: new (rowMode: string | undefined, types: unknown) => PgResultBuilder;
  readonly Connection: new (config: object) => PgConnection;
  readonly utils: { prepareValue(value: unknown): string | Uint8Array | null };
}

// Class and member, as this driver needs them.
const members =
  "Client.getTransactionStatus Client._handleErrorMessage Client._handleParseComplete Pool._pulseQueue Connection.cancel Result.addFields";

/**
 * Checks that this is the real pg, new enough. Looks at members, not at a version: a fork that has them is fine.
 * @throws ConfigurationError WT_DRIVER_UNSUPPORTED
 */
export function checkDriver(pg: PgLike): PgModule {
  const module = pg as unknown as Record<string, { prototype?: Record<string, unknown> } | undefined> | undefined;
  for (const member of members.split(" ")) {
    const [name = "", method = ""] = member.split(".");
    if (typeof module?.[name]?.prototype?.[method] !== "function")
      throw failure("WT_DRIVER_UNSUPPORTED", { detail: `no ${member}` });
  }
  return pg as unknown as PgModule;
}
