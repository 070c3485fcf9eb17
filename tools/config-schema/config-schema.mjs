/**
 * Writes packages/audit/config.schema.json from the zod schema; run it after a change of packages/audit/src/config/config-schema.ts:
 * `npm run config-schema`. A test fails when the file is stale. Must never be edited by hand.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configJsonSchema } from "../../packages/audit/dist/config/config-schema.js";

const file = fileURLToPath(new URL("../../packages/audit/config.schema.json", import.meta.url));
writeFileSync(file, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
execFileSync("npx", ["--no-install", "oxfmt", file], { stdio: "inherit" });
