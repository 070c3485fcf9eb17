// The published schema of the JSON report and the official one of SARIF 2.1.0, as validators: they answer what is wrong, and nothing when all is right.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { Ajv } from "ajv";

const read = (path: string | URL): Record<string, unknown> =>
  JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
const problems = (errors: readonly ErrorObject[] | null | undefined): string[] =>
  (errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);

/** report.schema.json. */
export const publishedSchema: Record<string, unknown> = read(new URL("../../report.schema.json", import.meta.url));

const report = new Ajv2020({ allErrors: true }).compile(publishedSchema);
/** Against report.schema.json. */
export const reportProblems = (document: unknown): string[] => (report(document) ? [] : problems(report.errors));

const require = createRequire(import.meta.url);
// The schema is of draft 4; all that it has of it is `id` in place of `$id`. @microsoft/jest-sarif brings it; nothing else of that package is used.
const {
  id: _id,
  $schema: _draft,
  ...official
} = read(require.resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"));
const sarif = new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false }).compile(
  official,
);
/** Against the schema of SARIF. */
export const sarifProblems = (document: unknown): string[] => (sarif(document) ? [] : problems(sarif.errors));
