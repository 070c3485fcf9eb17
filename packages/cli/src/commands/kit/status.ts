/**
 * `watertight kit status`: what holds, what does not, what to do; the second mark shows what only a superuser can do.
 */
import { type Check, kitStatus } from "@watertight/schema";
import { exitCodes } from "../../cli-error.ts";
import type { Execute } from "../../command.ts";
import { harmless, type Printer } from "../../output/printer.ts";

interface Options {
  readonly failOn: "fail" | "warn" | "never";
  readonly all?: boolean;
}

function printCheck(print: Printer, check: Check): void {
  const word = {
    ok: print.colour("green", "ok  "),
    warn: print.colour("yellow", "WARN"),
    fail: print.colour("red", "FAIL"),
  }[check.state];
  print.line(
    `${word} ${check.needsSuperuser ? "S" : " "} ${(check.vectorId ?? "").padEnd(3)} ${harmless(check.title)}`,
  );
  if (check.state === "ok") return;
  if (check.detail !== "") print.line(`           ${harmless(check.detail)}`);
  if (check.fix !== "") print.line(print.colour("dim", `           ${harmless(check.fix)}`));
}

/** Runs `kit status`. */
export const execute: Execute<Options> = async ({ database, print }, _, options) => {
  const status = await database((client) => kitStatus(client));
  const count = (state: Check["state"]): number => status.checks.filter((check) => check.state === state).length;
  print.result({ ...status }, () => {
    const order = { fail: 0, warn: 1, ok: 2 };
    for (const check of [...status.checks].sort((a, b) => order[a.state] - order[b.state]))
      if (options.all || check.state !== "ok") printCheck(print, check);
    print.line(
      `${count("fail")} failed, ${count("warn")} warnings, ${count("ok")} ok${options.all ? "" : " (--all shows them)"}. S: only a superuser can change it.`,
    );
  });
  const bad = options.failOn === "never" ? 0 : count("fail") + (options.failOn === "warn" ? count("warn") : 0);
  return bad > 0 ? exitCodes.findings : exitCodes.ok;
};
