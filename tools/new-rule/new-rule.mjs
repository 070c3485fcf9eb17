// npm run new:rule -- A16 rows without owner: makes the folder of a rule with everything that its tests ask for, and puts it on the list.
// What it writes works, so that the first test run is green but for the one that looks for the words TO REPLACE.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { planRule } from "./plan-rule.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const place = (path) => (path.startsWith("template/") ? join(import.meta.dirname, path) : join(root, path));
const [id, ...words] = process.argv.slice(2);

if (id === undefined || id === "--help") {
  console.log("Usage: npm run new:rule -- ID words\nFor example: npm run new:rule -- A16 rows without owner");
  process.exit(id === undefined ? 2 : 0);
}
let files;
try {
  files = planRule(id, words.join(" "), (path) =>
    existsSync(place(path)) ? readFileSync(place(path), "utf8") : undefined,
  );
} catch (error) {
  console.error(error.message);
  process.exit(2);
}
for (const [path, text] of files) {
  mkdirSync(dirname(place(path)), { recursive: true });
  writeFileSync(place(path), text);
}
spawnSync("npx", ["--no-install", "oxfmt", ...[...files.keys()].filter((path) => path.endsWith(".ts")).map(place)], {
  stdio: "ignore",
});
console.log([...files.keys()].join("\n"));
console.log(`
Next:
1. red.sql and green.sql: two migrations that differ by one statement; try the leak in psql as shop_app.
2. The attack: npx vitest run packages/audit/test/rules/attacks.db.test.ts -t ${id}
3. rule.ts: npx vitest run packages/audit/test/rules/fixtures -t ${id}
4. doc.md; then take away the words TO REPLACE everywhere: npx vitest run tools/new-rule`);
