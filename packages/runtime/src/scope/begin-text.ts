/** The text that begins a transaction. Built from closed lists only: nothing of the caller's becomes SQL. */
import { failure } from "../errors/errors.ts";

/** How a transaction begins. */
export interface BeginOptions {
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
  readonly readOnly?: boolean;
  readonly deferrable?: boolean;
}

/** @throws ConfigurationError WT_CONFIG for an unknown isolation level */
export function beginText({ isolation, readOnly, deferrable }: BeginOptions): string {
  if (isolation !== undefined && !["read committed", "repeatable read", "serializable"].includes(isolation))
    throw failure("WT_CONFIG", { detail: "isolation" });
  return `begin${isolation ? ` isolation level ${isolation}` : ""}${readOnly ? " read only" : ""}${deferrable ? " deferrable" : ""}`;
}
