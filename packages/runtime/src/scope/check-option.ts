/** Options are checked when they are given, not when they first matter. */
import { failure } from "../errors/errors.ts";

/** A whole number between two limits. @throws ConfigurationError WT_CONFIG */
export function checkRange(option: string, value: number, from: number, to: number): number {
  if (!(Number.isInteger(value) && value >= from && value <= to))
    throw failure("WT_CONFIG", { detail: `${option}: ${from} to ${to}` });
  return value;
}

/** A statement timeout in milliseconds, or undefined. @throws ConfigurationError WT_CONFIG */
export function checkTimeout(value: number | undefined): number | undefined {
  return value === undefined ? value : checkRange("statementTimeoutMs", value, 1, 2 ** 31 - 1);
}

/** The value, when it is one of those allowed; the first of them by default. @throws ConfigurationError WT_CONFIG */
export function oneOf<T extends string>(option: string, value: T | undefined, allowed: readonly [T, ...T[]]): T {
  value ??= allowed[0];
  if (!allowed.includes(value)) throw failure("WT_CONFIG", { detail: `${option}: ${allowed.join(", ")}` });
  return value;
}
