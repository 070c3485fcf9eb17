/**
 * What zod says of a configuration, as sentences: the path of the option, what is wrong, and the option that was probably meant. Pure.
 */
import type { z } from "zod";
import { configJsonSchema, configSchema } from "./config-schema.ts";
import { didYouMean } from "./suggest.ts";

/** A JSON Schema as far as names of options are looked up in it. */
interface OptionTree {
  readonly properties?: Readonly<Record<string, OptionTree>>;
  readonly additionalProperties?: OptionTree | boolean;
  readonly items?: OptionTree;
}

/** The problems of a configuration, each a sentence without its full stop and without the file. Empty for a good one. */
export function problemsOf(config: unknown): string[] {
  if (typeof config !== "object" || config === null || Array.isArray(config))
    return [`the default export must be an object, it is ${Array.isArray(config) ? "an array" : kindOf(config)}`];
  const result = configSchema.safeParse(config);
  return result.success ? [] : result.error.issues.flatMap((issue) => sentences(issue, config));
}

/** The path of an option as people write it: accept[0].reason, tables["my table"]. */
function optionPath(path: readonly PropertyKey[]): string {
  return path
    .map((step, at) => {
      if (typeof step === "number") return `[${step}]`;
      const text = String(step);
      return /^[\w$]+$/.test(text) ? `${at > 0 ? "." : ""}${text}` : `[${JSON.stringify(text)}]`;
    })
    .join("");
}

function sentences(issue: z.core.$ZodIssue, config: unknown): string[] {
  const where = optionPath(issue.path);
  const value = valueAt(config, issue.path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => {
        const known = optionsAt(issue.path);
        const options = known.map((each) => optionPath([...issue.path, each]));
        return `${optionPath([...issue.path, key])} is not an option${didYouMean(optionPath([...issue.path, key]), options) || `; ${where || "there"} can have ${known.join(", ")}`}`;
      });
    case "invalid_type":
      return [
        value === undefined
          ? `${where} is missing`
          : `${where} must be ${article(issue.expected === "int" ? "integer" : issue.expected)}, it is ${kindOf(value)}`,
      ];
    case "invalid_value":
      return [
        `${where} must be one of ${issue.values.join(", ")}, it is ${kindOf(value)}${didYouMean(String(value), issue.values.map(String))}`,
      ];
    default:
      if (Array.isArray(value) && issue.code === "too_small") return [`${where} must not be empty`];
      return [
        `${where} ${lower(issue.message)}${value === undefined || typeof value === "object" ? "" : `, it is ${kindOf(value)}`}`,
      ];
  }
}

function optionsAt(path: readonly PropertyKey[]): string[] {
  let at: OptionTree | undefined = configJsonSchema() as OptionTree;
  for (const step of path) {
    const other: OptionTree | boolean | undefined = at?.additionalProperties;
    at =
      typeof step === "number"
        ? at?.items
        : (at?.properties?.[String(step)] ?? (typeof other === "object" ? other : undefined));
  }
  return Object.keys(at?.properties ?? {}).filter((each) => each !== "$schema");
}

function valueAt(config: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<PropertyKey, unknown> | undefined)?.[step], config);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (["string", "number", "boolean"].includes(typeof value)) return JSON.stringify(value).slice(0, 80);
  return typeof value === "undefined" ? "missing" : article(typeof value);
}

function article(word: string): string {
  return `${/^[aeiou]/.test(word) ? "an" : "a"} ${word}`;
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
