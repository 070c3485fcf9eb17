// Test files that a run at a desk leaves out, so that `npm test` ends in minutes; the run says which. CI runs all of them, and a run that names files
// runs what it names.
import { fullRun } from "../../packages/testkit/src/run/length.ts";

const long: readonly string[] = [
  "bench/test/hot-path.db.test.ts",
  "examples/harbour/test/{models,start}.db.test.ts",
  "packages/audit/test/check/{hostile-attack,versions}.db.test.ts",
  "packages/audit/test/fix/{clean-fixes,expand,role-split,written}.db.test.ts",
  "packages/audit/test/matrix/{copies,opaque,organizations,sessions,spoiled,storage}.db.test.ts",
  "packages/audit/test/mutation/**",
  "packages/audit/test/planted/planted.db.test.ts",
  "packages/audit/test/replay/{bad-input,hostile,platforms}.db.test.ts",
  "packages/audit/test/rules/{attacks,cases,fix-order,fixes,history,mechanisms,narrow-fixes,quoted-names,session}.db.test.ts",
  "packages/audit/test/rules/predicate/*.db.test.ts",
  "packages/audit/test/why/**",
  "packages/cli/test/{bad-input,check-life,documents,fleet,protect,release-takes-away,repro,up,why}.db.test.ts",
  "packages/cli/test/download.test.ts",
  "packages/control/test/{export,reporting}/*.db.test.ts",
  "packages/control/test/migrations/{apply,waves}/*.db.test.ts",
  "packages/control/test/operations/{crash,operations}.db.test.ts",
  "packages/control/test/{provision,releases}/*.db.test.ts",
  "packages/runtime/test/drivers/pglite/isolation.db.test.ts",
  "packages/runtime/test/fleet/pg/{budget,isolation}.db.test.ts",
  "packages/schema/test/attacks/{server-cves,token-exposure}.db.test.ts",
];

const commands = ["run", "watch", "dev"];
const withoutValue = ["--run", "--watch", "-w", "--update", "-u"];

/** Whether the words of the command line name files: the value of an option (`-t name`, `--project db`) is none. */
export function namesFiles(words: readonly string[]): boolean {
  return words.some((word, at) => {
    if (word.startsWith("-") || commands.includes(word)) return false;
    const before = words[at - 1] ?? "";
    const value = before.startsWith("-") && !before.includes("=") && !withoutValue.includes(before);
    return !value || /\.test\.ts(:\d+)?$/.test(word);
  });
}

/** What this run leaves out. */
export const leftOut: readonly string[] = fullRun || namesFiles(process.argv.slice(2)) ? [] : long;
