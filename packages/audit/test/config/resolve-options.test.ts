// Flag before environment before file before default, with the origin of every value.
import { expect, test } from "vitest";
import { ConfigError } from "../../src/config/config-error.ts";
import type { Config } from "../../src/config/config.ts";
import { flagOf, options, variableOf } from "../../src/config/options.ts";
import { optionRows, type OptionSources } from "../../src/config/resolve.ts";
import { resolveOptions } from "../../src/config/resolve-options.ts";
import { configJsonSchema } from "../../src/config/config-schema.ts";

const file = "watertight.config.ts";
const config: Config = {
  failOn: "low",
  tenant: { column: "org_id" },
  roles: { tenant: "app" },
  server: 15,
  global: ["plans"],
};

function problems(sources: OptionSources): readonly string[] {
  try {
    resolveOptions(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).code).toBe("WT_CONFIG_OPTION");
    expect((error as ConfigError).exitCode).toBe(2);
    return (error as ConfigError).problems;
  }
  return [];
}

test("each source goes before the next", () => {
  const env = { WATERTIGHT_FAIL_ON: "medium", WATERTIGHT_GLOBAL: "a, b", WATERTIGHT_TENANT_COLUMN: "" };
  const all = resolveOptions({ flags: { failOn: "critical" }, env, config, file });
  expect(all.options.failOn).toBe("critical");
  expect(all.origins.get("failOn")).toEqual({ from: "flag", name: "--fail-on" });
  expect(all.options.global).toEqual(["a", "b"]);
  expect(all.origins.get("global")).toEqual({ from: "environment", name: "WATERTIGHT_GLOBAL" });
  // an empty variable is one that is not set: CI systems cannot leave them out
  expect(all.options.tenant.column).toBe("org_id");
  expect(all.origins.get("tenant.column")).toEqual({ from: "config", name: file });
  expect(all.options.acceptDays).toBe(90);
  expect(all.origins.get("acceptDays")).toEqual({ from: "default", name: "" });
});

test("one name or number stands for a list", () => {
  const { options: values } = resolveOptions({ config });
  expect(values.roles.tenant).toEqual(["app"]);
  expect(values.server).toEqual([15]);
});

test("texts become values", () => {
  const env = {
    WATERTIGHT_STRICT: "1",
    WATERTIGHT_SERVER: "15,18",
    WATERTIGHT_LIMITS_ATTACK_SECONDS: "7.5",
    WATERTIGHT_ROLES_TENANT: "a,b",
  };
  const { options: values } = resolveOptions({ env, flags: { "reports.sarif": "a.sarif", acceptDays: "30" } });
  expect(values).toMatchObject({
    strict: true,
    server: [15, 18],
    limits: { attackSeconds: 7.5 },
    roles: { tenant: ["a", "b"] },
    reports: { sarif: "a.sarif" },
    acceptDays: 30,
  });
});

test("wrong texts are told by the name that was typed", () => {
  expect(problems({ env: { WATERTIGHT_FAIL_ON: "hihg" } })).toEqual([
    'WATERTIGHT_FAIL_ON must be one of critical, high, medium, low, info, never, it is "hihg"; did you mean high?',
  ]);
  expect(problems({ flags: { server: "14" } })).toEqual(["--server must be 15, 16, 17 or 18, or a list of them"]);
  expect(problems({ flags: { strict: "maybe" } })).toEqual(['--strict must be a boolean, it is "maybe"']);
  expect(problems({ env: { WATERTIGHT_ACCEPT_DAYS: "many" } })).toEqual([
    'WATERTIGHT_ACCEPT_DAYS must be a number, it is "many"',
  ]);
  expect(problems({ flags: { fialOn: "high" } })).toEqual(["fialOn is not an option"]);
});

test("tables and accepted risks come from the file only", () => {
  const { options: values } = resolveOptions({ env: { WATERTIGHT_ACCEPT: "everything", WATERTIGHT_TABLES: "x" } });
  expect(values.accept).toEqual([]);
  expect(values.tables).toEqual({});
});

test("the table of options is complete, and every value is printed with its origin", () => {
  const leaves = (tree: Record<string, unknown>, path: string[] = []): string[] =>
    Object.entries((tree["properties"] ?? {}) as Record<string, Record<string, unknown>>).flatMap(([name, inner]) =>
      inner["properties"] ? leaves(inner, [...path, name]) : [[...path, name].join(".")],
    );
  const inSchema = leaves(configJsonSchema()).filter((path) => path !== "$schema");
  expect(options.map((option) => option.path).sort()).toEqual(inSchema.sort());
  const rows = optionRows(resolveOptions({ config, file }));
  expect(rows.map((row) => row.path)).toEqual(options.map((option) => option.path));
  expect(rows.find((row) => row.path === "tenant.column")).toEqual({
    path: "tenant.column",
    value: "org_id",
    origin: { from: "config", name: file },
  });
  expect(new Set(options.map(flagOf)).size).toBe(options.length);
  expect(new Set(options.map(variableOf)).size).toBe(options.length);
});
