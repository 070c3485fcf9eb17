/**
 * The members of PGlite that this driver uses, declared here instead of importing it: the user's own instance is handed
 * in. `checkPglite` looks that they are there.
 */
import { failure } from "../../errors/errors.ts";

/** A message of the server, as PGlite parses it. */
export interface ServerMessage {
  readonly name: string;
  /** commandComplete: the tag. */
  readonly text?: string;
  /** readyForQuery: I, T or E. */
  readonly status?: string;
  /** rowDescription: columns; dataRow: values as text. */
  readonly fields?: readonly unknown[];
}

type Convert = (value: string, typeId?: number) => unknown;

/** What {@link tenantPglite} is handed: the user's own PGlite. */
export interface PgliteLike {
  readonly waitReady: Promise<void>;
  readonly parsers: Record<number | string, Convert>;
  // oxlint-disable-next-line typescript/no-explicit-any -- a serialiser takes whatever its type takes
  readonly serializers: Record<number | string, (value: any) => string>;
  execProtocol(
    message: Uint8Array,
    options?: { syncToFs?: boolean; throwOnError?: boolean },
  ): Promise<{ messages: readonly { readonly name: string }[] }>;
  runExclusive<T>(fn: () => Promise<T>): Promise<T>;
  /** The lock that PGlite's own query and transaction take. */
  _runExclusiveTransaction<T>(fn: () => Promise<T>): Promise<T>;
}

/** @throws ConfigurationError WT_DRIVER_UNSUPPORTED */
export function checkPglite(db: PgliteLike): PgliteLike {
  const found = (db ?? {}) as unknown as Record<string, unknown>;
  for (const member of ["execProtocol", "runExclusive", "_runExclusiveTransaction"])
    if (typeof found[member] !== "function")
      throw failure("WT_DRIVER_UNSUPPORTED", { detail: `PGlite 0.5 has ${member}` });
  return db;
}
