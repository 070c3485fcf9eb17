/** Table, documentation and types name the same codes, in both directions. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { failure } from "../../src/errors/errors.ts";
import {
  AccessDeniedError,
  ConfigurationError,
  ContextError,
  DatabaseError,
  errorCodes,
  type ErrorCode,
  isWatertightError,
  OperationError,
  WatertightError,
} from "../../src/index.ts";

const codes = Object.keys(errorCodes) as ErrorCode[];
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

test("documented codes are exactly those of the table", () => {
  const documented = [...read("../../../../docs/errors.md").matchAll(/^## (WT_[A-Z_]+)$/gm)].map(([, code]) => code);
  expect(documented).toEqual(codes);
});

test("the type names exactly the codes of the table", () => {
  const union = /export type ErrorCode =([^;]*);/.exec(read("../../src/errors/codes.ts"))?.[1] ?? "";
  expect([...union.matchAll(/["'](WT_[A-Z_]+)["']/g)].map(([, code]) => code)).toEqual(codes);
});

test.each(codes)("%s: class, text, next step, link", (code) => {
  const cause = new Error("below");
  const error = failure(code, { cause, detail: "here", sqlstate: "42501" });
  const classes = { AccessDeniedError, ConfigurationError, ContextError, DatabaseError, OperationError };
  expect(error).toBeInstanceOf(classes[errorCodes[code].kind]);
  expect(error).toBeInstanceOf(WatertightError);
  expect(error).toMatchObject({
    code,
    cause,
    sqlstate: "42501",
    retryable: errorCodes[code].retryable,
    docUrl: `docs/errors.md#${code.toLowerCase()}`,
  });
  expect(error.hint).not.toBe("");
  for (const part of [code, errorCodes[code].what, "here", error.hint]) expect(error.message).toContain(part);
  expect(isWatertightError(error)).toBe(true);
});

test("other errors are not taken for ours", () => {
  for (const value of [new Error("x"), null, undefined, "WT_CONFIG", { code: "WT_CONFIG" }])
    expect(isWatertightError(value)).toBe(false);
});
