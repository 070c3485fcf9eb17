// How the tests run: two projects, one without I/O (`x.test.ts`) and one on real servers (`x.db.test.ts`).
// Workspace packages resolve to their sources (condition `source`), so no test ever runs against a stale build.
import { defineConfig } from "vitest/config";
import { leftOut } from "./tools/vitest/long-tests.ts";

const conditions = ["source", "module", "node", "development|production"];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: ["source", "node"] } };
const roots = "{packages/*,examples/*,bench,tools/*}";
const exclude = ["**/node_modules/**", "**/dist/**", "tools/fences/fixtures/**", ...leftOut];

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    passWithNoTests: true,
    reporters: ["default", "./tools/vitest/count-reporter.ts"],
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: [`${roots}/test/**/*.test.ts`],
          exclude: [...exclude, "**/*.db.test.ts"],
          testTimeout: 15_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "db",
          include: [`${roots}/test/**/*.db.test.ts`],
          exclude,
          globalSetup: ["./packages/testkit/src/vitest/global-setup.ts"],
          setupFiles: ["./packages/testkit/src/vitest/register-run.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
