/**
 * What is wrong with a configuration, for the person who wrote it: one sentence with the file and the option. Every such error ends a run with
 * exit code 2 (wrong usage or configuration). Must never print the value of anything that could be a secret; no option is one.
 */

/** Codes of configuration errors; permanent. */
export type ConfigErrorCode =
  /** The file cannot be read or run. */
  | "WT_CONFIG_FILE"
  /** An option is unknown or has a wrong value, in the file, the environment or a flag. */
  | "WT_CONFIG_OPTION"
  /** A table, column or role that is named does not exist. */
  | "WT_CONFIG_NAME"
  /** An accepted risk or an inline suppression lacks a reason or an expiry, has expired, or reaches too far. */
  | "WT_CONFIG_ACCEPT";

const nextSteps: Readonly<Record<ConfigErrorCode, string>> = {
  WT_CONFIG_FILE: "Correct the file; it is run as TypeScript.",
  WT_CONFIG_OPTION: "Correct the option; all of them stand in docs/config.md.",
  WT_CONFIG_NAME: "Correct the name; what was found: watertight check --json",
  WT_CONFIG_ACCEPT: "Fix the finding, or accept it with a reason and a date.",
};

const brand: symbol = Symbol.for("watertight.error.v1");

/** A configuration that cannot be used. */
export class ConfigError extends Error {
  override readonly name: string = "ConfigurationError";
  readonly code: ConfigErrorCode;
  /** The next step. */
  readonly hint: string;
  readonly retryable: boolean = false;
  readonly exitCode: number = 2;
  readonly docUrl: string;
  /** Every problem, a sentence without its full stop; the message has them all. */
  readonly problems: readonly string[];

  constructor(code: ConfigErrorCode, problems: readonly string[], options: { next?: string; cause?: unknown } = {}) {
    const [only = "the configuration cannot be used", ...others] = problems;
    const said = others.length === 0 ? only : `${problems.length} problems: ${problems.join("; ")}`;
    const hint = options.next ?? nextSteps[code];
    super(
      `${code}: ${said}${said.endsWith("?") ? "" : "."} ${hint}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.hint = hint;
    this.problems = problems;
    this.docUrl = `docs/config.md#${code.toLowerCase()}`;
    Object.defineProperty(this, brand, { value: true });
  }
}
