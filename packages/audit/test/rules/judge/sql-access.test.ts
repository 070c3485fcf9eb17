/** How much less a finding weighs where the application sends no SQL of its own, and that it never weighs more. */
import { expect, test } from "vitest";
import type { Facts, Severity } from "../../../src/rules/rule.ts";
import { needsSql, speaksSql } from "../../../src/rules/judge/sql-access.ts";

function facts(...names: readonly string[]): Facts {
  const roles = names.map((name) => ({ name, kind: "tenant", login: false }));
  return { understanding: { roles } } as unknown as Facts;
}
const behindApi = facts("anon", "authenticated");
const ownSql = facts("anon", "shop_app");

test("roles behind PostgREST send no SQL of their own; one other role is enough", () => {
  expect(speaksSql(behindApi)).toBe(false);
  expect(speaksSql(ownSql)).toBe(true);
  expect(speaksSql(facts())).toBe(true);
});

test.for<[Severity, Severity, Severity]>([
  ["critical", "low", "low"],
  ["high", "medium", "medium"],
  ["medium", "medium", "medium"],
  ["low", "medium", "low"],
  ["info", "low", "info"],
])("%s that is %s without SQL is %s behind PostgREST", ([severity, otherwise, expected]) => {
  expect(needsSql(behindApi, severity, otherwise)).toBe(expected);
  expect(needsSql(ownSql, severity, otherwise)).toBe(severity);
});
