// The published JSON Schema: up to date, and it accepts and refuses what the program does.
import { readFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { configJsonSchema, configSchema } from "../../src/config/config-schema.ts";

const published = JSON.parse(await readFile(new URL("../../config.schema.json", import.meta.url), "utf8")) as object;

test("config.schema.json is what zod says (otherwise: npm run config-schema)", () => {
  expect(published).toEqual(configJsonSchema());
});

const examples: readonly (readonly [config: unknown, good: boolean])[] = [
  [{}, true],
  [{ $schema: "./node_modules/@watertight/audit/config.schema.json", tenant: { column: "org_id" } }, true],
  [{ server: 15, roles: { tenant: "app" }, reports: { sarif: "a.sarif" } }, true],
  [{ server: [15, 18], tables: { "app.lines": { parent: "app.invoices", by: ["invoice_id"] } } }, true],
  [{ accept: [{ rule: "B4", target: "posts", reason: "public by design", expires: "2027-01-01" }] }, true],
  [{ accept: [{ rule: "B4", target: "posts", expires: "2027-01-01" }] }, false],
  [{ tennant: {} }, false],
  [{ server: 14 }, false],
  [{ failOn: "hihg" }, false],
  [{ limits: { seconds: 0 } }, false],
  [{ migrations: { tool: "rails" } }, false],
];

test("the JSON Schema and zod agree", () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(published);
  for (const [config, good] of examples) {
    expect([config, validate(config)]).toEqual([config, good]);
    expect([config, configSchema.safeParse(config).success]).toEqual([config, good]);
  }
});
