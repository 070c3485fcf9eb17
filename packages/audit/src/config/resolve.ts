/**
 * One value for every option, and where it came from: flag, then environment (WATERTIGHT_…), then file, then default. Pure. What is typed is
 * proved by whoever asks: the schema that does it takes a tenth of a second to load. Must never let a value pass that was not proved.
 */
import { ConfigError } from "./config-error.ts";
import type { Config } from "./config.ts";
import { flagOf, type Option, type Options, options, variableOf } from "./options.ts";

/** Where a value came from. `name` is the flag, the variable or the file; "" for a default. */
export interface Origin {
  readonly from: "flag" | "environment" | "config" | "default";
  readonly name: string;
}

/** The options of a run. */
export interface ResolvedOptions {
  readonly options: Options;
  /** By dotted path. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** What there is to choose from. */
export interface OptionSources {
  /** By dotted path: texts as typed, or values. */
  readonly flags?: Readonly<Record<string, unknown>> | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** A validated configuration. */
  readonly config?: Config | undefined;
  /** Name of its file, as people see it. */
  readonly file?: string | undefined;
}

/** Resolves all options; `problemsOf` proves what was typed. @throws ConfigError WT_CONFIG_OPTION */
export function resolveWith(
  { flags = {}, env = {}, config = {}, file = "" }: OptionSources,
  problemsOf: (value: unknown) => readonly string[],
): ResolvedOptions {
  const resolved = {};
  const origins = new Map<string, Origin>();
  const problems: string[] = [];
  const unknown = Object.keys(flags).filter((path) => !options.some((option) => option.path === path));
  problems.push(...unknown.map((path) => `${path} is not an option`));
  for (const option of options) {
    const candidates: readonly [Origin["from"], string, unknown][] = [
      ["flag", flagOf(option), flags[option.path]],
      ["environment", variableOf(option), option.kind === "object" ? undefined : env[variableOf(option)] || undefined],
      ["config", file, at(config, option.path)],
      ["default", "", option.default],
    ];
    const [from, name, given] = candidates.find(([, , value]) => value !== undefined)!;
    const typed = from === "flag" || from === "environment";
    const value = typed ? fromText(option, given) : given;
    if (typed) problems.push(...problemsOf(nested(option.path, value)).map((problem) => said(problem, option, name)));
    put(resolved, option.path, from === "config" ? listed(option, value) : value);
    origins.set(option.path, { from, name });
  }
  if (problems.length > 0) throw new ConfigError("WT_CONFIG_OPTION", problems);
  return { options: resolved as Options, origins };
}

/** Whether anything was typed that has to be proved. */
export function isTyped({ flags = {}, env = {} }: OptionSources): boolean {
  return Object.keys(flags).length > 0 || options.some((option) => env[variableOf(option)] !== undefined);
}

/** The options as rows, for `config print`. */
export function optionRows({ options: values, origins }: ResolvedOptions): {
  readonly path: string;
  readonly value: unknown;
  readonly origin: Origin;
}[] {
  return options.map(({ path }) => ({ path, value: at(values, path), origin: origins.get(path)! }));
}

// the sentence names the option's path; who typed a flag or set a variable knows it by that name
function said(problem: string, { path }: Option, name: string): string {
  return problem.startsWith(path)
    ? `${name}${problem.slice(path.length).replace(/^\[\d+\]/, "")}`
    : `${name}: ${problem}`;
}

function fromText({ kind }: Option, value: unknown): unknown {
  if (typeof value !== "string") return value;
  const list = value.split(",").flatMap((each) => (each.trim() === "" ? [] : [each.trim()]));
  switch (kind) {
    case "list":
      return list;
    case "number":
      return number(value.trim());
    case "numbers":
      return list.map(number);
    case "boolean":
      return /^(1|true|yes|on)$/i.test(value) ? true : /^(0|false|no|off)$/i.test(value) ? false : value;
    default:
      return value;
  }
}

// what is no number stays a text, and is refused as one
function number(text: string): unknown {
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** One name or number where a list may stand. */
function listed({ kind }: Option, value: unknown): unknown {
  return (kind === "list" || kind === "numbers") && !Array.isArray(value) ? [value] : value;
}

function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((each, step) => (each as Record<string, unknown> | undefined)?.[step], value);
}

function nested(path: string, value: unknown): Record<string, unknown> {
  const result = {};
  put(result, path, value);
  return result;
}

function put(target: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split(".");
  const last = steps.pop()!;
  let inner = target;
  for (const step of steps) inner = (inner[step] ??= {}) as Record<string, unknown>;
  inner[last] = value;
}
