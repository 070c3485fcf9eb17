/** The text that begins a transaction. Built from closed lists only: nothing of the caller's becomes SQL. */
import { oneOf } from "./check-option.ts";

/** How a transaction begins. */
export interface BeginOptions {
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
  readonly readOnly?: boolean;
  readonly deferrable?: boolean;
}

/** @throws ConfigurationError WT_CONFIG for an unknown isolation level */
export function beginText({ isolation, readOnly, deferrable }: BeginOptions): string {
  if (isolation !== undefined) oneOf("isolation", isolation, ["read committed", "repeatable read", "serializable"]);
  return `begin${isolation ? ` isolation level ${isolation}` : ""}${readOnly ? " read only" : ""}${deferrable ? " deferrable" : ""}`;
}
