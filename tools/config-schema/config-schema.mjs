/**
 * Writes packages/audit/config.schema.json and report.schema.json from their zod schemas; run it after a change of config-schema.ts or report-schema.ts:
 * `npm run config-schema`. A test fails when a file is stale. Must never be edited by hand.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configJsonSchema } from "../../packages/audit/dist/config/config-schema.js";
import { reportJsonSchema } from "../../packages/audit/dist/report/report-schema.js";

for (const [name, schema] of Object.entries({ config: configJsonSchema(), report: reportJsonSchema() })) {
  const file = fileURLToPath(new URL(`../../packages/audit/${name}.schema.json`, import.meta.url));
  writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
  execFileSync("npx", ["--no-install", "oxfmt", file], { stdio: "inherit" });
}
