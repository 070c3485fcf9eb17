/**
 * What the fuzz plays against: the few things a handler does with a database, so that the same handlers run over
 * Watertight and over plain pg with everyday habits (the negative control).
 */
import type { Tenant } from "./tenants.ts";

export interface Rows {
  readonly rows: readonly Record<string, unknown>[];
}

export interface Part {
  readonly text: string;
  readonly values?: readonly unknown[];
}

export interface Limits {
  readonly signal?: AbortSignal;
  /** The server's limit, in milliseconds. */
  readonly statementTimeoutMs?: number;
  /** The client's limit, in milliseconds. */
  readonly queryTimeoutMs?: number;
}

export interface Scope {
  query(text: string, values?: readonly unknown[]): Promise<Rows>;
}

/** A borrowed connection. */
export interface Borrowed extends Scope {
  query(text: string, values?: readonly unknown[], queryTimeoutMs?: number): Promise<Rows>;
  /** BEGIN, and whatever this subject does to say who asks. */
  begin(): Promise<unknown>;
  /** Calls back for every notification that arrives while the connection is borrowed. */
  onNotification(hear: (channel: string) => void): void;
  release(): void;
}

export interface Subject {
  readonly name: string;
  query(tenant: Tenant, text: string, values?: readonly unknown[], limits?: Limits): Promise<Rows>;
  batch(tenant: Tenant, parts: readonly Part[]): Promise<readonly Rows[]>;
  transaction<T>(tenant: Tenant, fn: (tx: Scope) => Promise<T>, limits?: Limits): Promise<T>;
  stream(tenant: Tenant, text: string, batchSize: number): AsyncIterable<Record<string, unknown>>;
  requireRow(tenant: Tenant, id: number): Promise<Record<string, unknown>>;
  connect(tenant: Tenant): Promise<Borrowed>;
  /** Code that runs for `tenant` and asks nobody: the ambient way. */
  as<T>(tenant: Tenant, fn: () => Promise<T>): Promise<T>;
  /** A query that says nothing about its tenant: inside `as` it has the ambient one, outside it has none. */
  ambient(text: string): Promise<Rows>;
  /** Connections, and those of them nobody uses. */
  count(): { readonly total: number; readonly idle: number; readonly waiting: number };
  end(): Promise<void>;
}

/** Makes subjects; the fuzz runs several small pools side by side. */
export type MakeSubject = (max: number) => Subject;
