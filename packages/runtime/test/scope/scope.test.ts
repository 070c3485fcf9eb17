/** The pure core: ids, keys, tokens, judgement, classification, wire bytes. */
import { createHmac } from "node:crypto";
import { serialize } from "pg-protocol";
import { expect, test } from "vitest";
import { ScopeSettings } from "../../src/scope/settings.ts";
import { conditionOf, explain, markContextError, readNotServed } from "../../src/scope/classify.ts";
import { type Handshake, judgeHandshake, type Wanted } from "../../src/scope/profile.ts";
import { canonicalTenantId, type TenantIdType } from "../../src/scope/tenant-id.ts";
import { mintToken, parseKeys, TokenSource } from "../../src/scope/token.ts";
import { MessageWriter, passThrough } from "../../src/scope/wire.ts";

const codeOf = (fn: () => unknown): unknown => {
  try {
    return fn();
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test.each<[TenantIdType, unknown, string]>([
  ["uuid", "0A000000-0000-4000-8000-00000000000A", "0a000000-0000-4000-8000-00000000000a"],
  ["uuid", "{0a000000-0000-4000-8000-00000000000a}", "WT_TENANT_INVALID"],
  ["uuid", "0a000000-0000-4000-8000-00000000000a' or 1=1", "WT_TENANT_INVALID"],
  ["uuid", "x".repeat(1 << 20), "WT_TENANT_INVALID"],
  ["uuid", 42, "WT_TENANT_INVALID"],
  ["bigint", "007", "7"],
  ["bigint", "-9223372036854775808", "-9223372036854775808"],
  ["bigint", "9223372036854775808", "WT_TENANT_INVALID"],
  ["bigint", "1.0", "WT_TENANT_INVALID"],
  ["bigint", " 1", "WT_TENANT_INVALID"],
  ["text", 'o\'brien "quoted"', 'o\'brien "quoted"'],
  ["text", "a\0b", "WT_TENANT_INVALID"],
  ["text", "", "WT_TENANT_INVALID"],
  ["text", "\ud800", "WT_TENANT_INVALID"],
  ["text", "ü".repeat(101), "WT_TENANT_INVALID"],
  ["text", "ü".repeat(100), "ü".repeat(100)],
  ["text", undefined, "WT_TENANT_INVALID"],
])("tenant id %s %#", (type, id, expected) => {
  expect(codeOf(() => canonicalTenantId(id, type))).toBe(expected);
});

const secret = Buffer.alloc(32, 7);
const keyText = `ab12:${secret.toString("base64url")}`;

test("keys: the first one signs, malformed ones are refused", () => {
  expect(parseKeys(` ${keyText} , cd34:${secret.toString("base64url")}`).map((key) => key.kid)).toEqual([
    "ab12",
    "cd34",
  ]);
  for (const bad of [undefined, "", "ab12", "ab12:short", "AB12:" + secret.toString("base64url"), `${keyText},x`])
    expect(codeOf(() => parseKeys(bad))).toBe("WT_KEY_INVALID");
  expect(JSON.stringify(parseKeys(keyText))).not.toContain(secret.toString("base64url"));
});

test("a token is signed bytes at fixed positions, in database time", () => {
  const [key] = parseKeys(keyText);
  const bytes = Buffer.from(mintToken({ key, tenant: "tenänt", pid: 77, expiresAt: 1_800_000_000 }).slice(2), "hex");
  const body = bytes.subarray(32);
  expect(bytes.subarray(0, 32)).toEqual(createHmac("sha256", secret).update(body).digest());
  expect([
    body.readBigInt64BE(0),
    body.readUInt32BE(8),
    body.toString("latin1", 12, 16),
    body.toString("utf8", 16),
  ]).toEqual([1_800_000_000n, 77, "ab12", "tenänt"]);
  const source = new TokenSource([key], 10);
  source.clockOffsetMs = 3_600_000;
  const expiry = Number(Buffer.from(source.mint("t", 0).slice(2), "hex").readBigInt64BE(32));
  expect(Math.abs(expiry - (Date.now() / 1000 + 3610))).toBeLessThan(2);
  expect(codeOf(() => new TokenSource([key], 1))).toBe("WT_CONFIG");
});

const good: Handshake = {
  kit: 99,
  level: "sealed",
  server: 180000,
  backendPid: 5,
  clock: 0,
  role: "app",
  superuser: false,
  bypassRls: false,
  ownsTables: false,
  temp: false,
  create: false,
  preparedVisible: false,
  roleSettings: [],
  protected: 1,
};
test.each<[Partial<Handshake>, Partial<Wanted>, unknown]>([
  [{}, {}, { level: "sealed", pooled: false, named: true, alwaysReset: false }],
  [{ preparedVisible: true }, {}, { level: "sealed", pooled: false, named: false, alwaysReset: false }],
  [{}, { clientPid: 6 }, { level: "sealed", pooled: true, named: false, alwaysReset: true }],
  [{}, { clientPid: 6, pooler: "none" }, { level: "sealed", pooled: false, named: true, alwaysReset: false }],
  [{}, { pooler: "transaction" }, { level: "sealed", pooled: true, named: false, alwaysReset: true }],
  [
    { level: "hostile", temp: true, create: true },
    {},
    { level: "hostile", pooled: false, named: false, alwaysReset: true },
  ],
  [
    { level: "plain", temp: true },
    { level: "plain" },
    { level: "plain", pooled: false, named: true, alwaysReset: false },
  ],
  [{ kit: 0 }, {}, "WT_KIT_TOO_OLD"],
  [{ level: "plain" }, {}, "WT_LEVEL_MISMATCH"],
  [{}, { level: "plain" }, "WT_LEVEL_MISMATCH"],
  [{ superuser: true }, {}, "WT_ROLE_UNSAFE"],
  [{ sessionSuperuser: true }, {}, "WT_ROLE_UNSAFE"],
  [{ bypassRls: true }, {}, "WT_ROLE_UNSAFE"],
  [{ ownsTables: true }, { level: "hostile" }, "WT_ROLE_UNSAFE"],
  [{ temp: true }, {}, "WT_ROLE_NOT_HARDENED"],
  [{ create: true }, {}, "WT_ROLE_NOT_HARDENED"],
])("judgement %#", (shake, wanted, expected) => {
  expect(
    codeOf(() => judgeHandshake({ ...good, ...shake }, { level: "sealed", pooler: "auto", clientPid: 5, ...wanted })),
  ).toEqual(expected);
});

test.each<[object, string | undefined, string | undefined]>([
  [{ code: "WT001", detail: "expired" }, "token-expired", "WT_TOKEN_REFUSED"],
  [{ code: "WT001", detail: "bad signature" }, "token-refused", "WT_TOKEN_REFUSED"],
  [{ code: "WT002", detail: '{"state":"moved","goto":"{}"}' }, "not-served", "WT_TENANT_NOT_SERVED"],
  [{ code: "WT003" }, "second-tenant", "WT_SECOND_TENANT"],
  [{ code: "WT004" }, "no-context", "WT_CONTEXT_LOST"],
  [{ code: "40001", constraint: "watertight_epoch" }, "stale-snapshot", undefined],
  [{ code: "40001" }, undefined, undefined],
  [{ code: "0A000" }, "statement-lost", undefined],
  [{ code: "57014" }, "cancelled", undefined],
  [{ code: "42501" }, "denied", "WT_ACCESS_DENIED"],
  [{ code: "23505" }, undefined, undefined],
  [{}, undefined, undefined],
])("classification %#", (error, condition, code) => {
  const sql = { message: "x", ...error };
  markContextError(sql);
  expect(conditionOf(sql)).toBe(condition);
  expect(explain(conditionOf(sql), sql, false)?.code).toBe(code);
});

test("our own conditions are believed from the context statement only (Q9)", () => {
  for (const error of [
    { code: "WT001", detail: "expired" },
    { code: "WT002" },
    { code: "WT003" },
    { code: "40001", constraint: "watertight_epoch" },
  ]) {
    const imitation = { message: "x", ...error };
    expect(conditionOf(imitation)).toBeUndefined();
    markContextError(imitation);
    expect(conditionOf(imitation)).toBeDefined();
  }
});

test("details of a refusal", () => {
  expect(explain("cancelled", { code: "57014", message: "x" }, true)?.code).toBe("WT_STATEMENT_TIMEOUT");
  expect(readNotServed({ message: "", detail: '{"state":"moved","goto":"{\\"id\\":\\"b\\"}"}' })).toEqual({
    state: "moved",
    goto: { id: "b" },
  });
  expect(readNotServed({ message: "", detail: "garbage" })).toEqual({ state: "unknown", goto: undefined });
});

test("the writer makes the bytes that pg makes", () => {
  const values = ["text", null, Buffer.from([0, 255]), "ü".repeat(5000)];
  const ours = new MessageWriter()
    .parse("n", "select $1")
    .bind("p", "n", values, passThrough)
    .describePortal("p")
    .execute("p", 7)
    .closeObject("S", "n")
    .message("H")
    .sync()
    .take();
  const theirs = Buffer.concat([
    serialize.parse({ name: "n", text: "select $1" }),
    serialize.bind({ portal: "p", statement: "n", values }),
    serialize.describe({ type: "P", name: "p" }),
    serialize.execute({ portal: "p", rows: 7 }),
    serialize.close({ type: "S", name: "n" }),
    serialize.flush(),
    serialize.sync(),
  ]);
  expect(ours.equals(theirs)).toBe(true);
});

test("an undefined tenant is refused, also as the very first one", () => {
  const settings = new ScopeSettings({ level: "plain" });
  expect(codeOf(() => settings.canonical(undefined as unknown as string))).toBe("WT_TENANT_INVALID");
  expect(settings.canonical("0A000000-0000-4000-8000-00000000000A")).toBe("0a000000-0000-4000-8000-00000000000a");
  expect(codeOf(() => settings.canonical(undefined as unknown as string))).toBe("WT_TENANT_INVALID");
});
