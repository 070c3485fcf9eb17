// Prints `N passed, N failed, N skipped` as the very last line, for people and for CI, which reads that line and nothing else.
// A skipped test prints its reason (`ctx.skip("why")`); in CI a skip without a reason counts as a failure, so that nothing
// disappears silently. Must never print after the count: hence the process's exit handler.
import { leftOut } from "./long-tests.ts";
import type { Reporter, TestCase, TestModule } from "vitest/node";

export default class CountReporter implements Reporter {
  #line = "0 passed, 0 failed, 0 skipped";
  #filtered = false;
  #strict = false;

  onInit(vitest: { config: { testNamePattern?: RegExp | undefined; watch: boolean } }): void {
    this.#filtered = vitest.config.testNamePattern !== undefined;
    this.#strict = process.env["CI"] !== undefined && !this.#filtered;
    if (!vitest.config.watch) process.on("exit", () => process.stdout.write(`${this.#line}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandled.length;
    let skipped = 0;
    for (const module of modules) {
      let testsFailed = 0;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === "passed") passed++;
        else if (state === "skipped" && !this.#unexplained(test)) skipped++;
        else testsFailed++;
      }
      // A file that failed to load, or a hook outside any test, fails without a failed test: count it, or a broken file looks green.
      if (module.state() === "failed" && testsFailed === 0) testsFailed = 1;
      failed += testsFailed;
    }
    if (leftOut.length > 0)
      process.stdout.write(
        `\na short run, on the newest server; CI=true runs all of it. Left out:\n  ${leftOut.join("\n  ")}\n`,
      );
    if (failed > 0) process.exitCode = 1;
    this.#line = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  }

  #unexplained(test: TestCase): boolean {
    if (this.#filtered) return false;
    const result = test.result();
    const reason = result.state === "skipped" ? result.note : undefined;
    process.stdout.write(`skipped: ${test.fullName}: ${reason ?? "no reason given"}\n`);
    return this.#strict && reason === undefined;
  }
}
