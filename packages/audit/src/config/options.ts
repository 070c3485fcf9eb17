/**
 * Every option that a flag, the environment and the file can all set, with its default: one table, so that no face of the program knows an option
 * that another does not. Must never name a secret.
 */
import type { MigrationTool } from "../find/migration.ts";
import type { AcceptConfig, Config, FailOn, TableConfig } from "./config.ts";

/** How a text (a flag, a variable) becomes the option's value. */
type OptionKind = "text" | "list" | "number" | "numbers" | "boolean" | "object";

/** One option. Those of kind object come from the file only. */
export interface Option {
  /** Dotted path in the configuration. */
  readonly path: string;
  readonly kind: OptionKind;
  readonly default: unknown;
  /** The flag, where its name does not follow from the path. */
  readonly flag: string | null;
}

const option = (path: string, kind: OptionKind, byDefault: unknown = null, flag: string | null = null): Option => ({
  path,
  kind,
  default: byDefault,
  flag,
});

/** The table. */
export const options: readonly Option[] = [
  option("migrations.tool", "text", null, "--tool"),
  option("migrations.folder", "text", null, "--folder"),
  option("migrations.files", "list", [], "--sql"),
  option("tenant.column", "text"),
  option("tenant.table", "text"),
  option("tenant.type", "text"),
  option("tables", "object", {}),
  option("global", "list", []),
  option("roles.tenant", "list", []),
  option("roles.anonymous", "list", []),
  option("roles.service", "list", []),
  option("roles.login", "text"),
  option("context.setting", "text"),
  option("context.claim", "text"),
  option("context.holds", "text"),
  option("server", "numbers", [18]),
  option("failOn", "text", "high"),
  option("strict", "boolean", false),
  option("accept", "object", []),
  option("acceptDays", "number", 90),
  option("baseline", "text", ".watertight/baseline.json"),
  option("reports.json", "text", null, "--report json"),
  option("reports.sarif", "text", null, "--report sarif"),
  option("reports.junit", "text", null, "--report junit"),
  option("reports.github", "text", null, "--report github"),
  option("reports.gitlab", "text", null, "--report gitlab"),
  option("reports.markdown", "text", null, "--report markdown"),
  option("reports.html", "text", null, "--report html"),
  option("limits.seconds", "number", 300),
  option("limits.statementSeconds", "number", 30),
  option("limits.attackSeconds", "number", 120),
];

/** The environment variable of an option: WATERTIGHT_FAIL_ON for failOn. */
export function variableOf({ path }: Option): string {
  return `WATERTIGHT_${words(path).join("_").toUpperCase()}`;
}

/** The flag of an option: --fail-on for failOn, --folder for migrations.folder, --report html for reports.html. */
export function flagOf({ path, flag }: Option): string {
  return flag ?? `--${words(path).join("-")}`;
}

function words(path: string): string[] {
  return path
    .replaceAll(/([a-z])([A-Z])/g, "$1.$2")
    .toLowerCase()
    .split(".");
}

/** All options with a value: null where there is no default. */
export interface Options {
  readonly migrations: {
    readonly tool: MigrationTool | null;
    readonly folder: string | null;
    readonly files: readonly string[];
  };
  readonly tenant: {
    readonly column: string | null;
    readonly table: string | null;
    readonly type: NonNullable<NonNullable<Config["tenant"]>["type"]> | null;
  };
  readonly tables: Readonly<Record<string, TableConfig>>;
  readonly global: readonly string[];
  readonly roles: {
    readonly tenant: readonly string[];
    readonly anonymous: readonly string[];
    readonly service: readonly string[];
    readonly login: string | null;
  };
  readonly context: {
    readonly setting: string | null;
    readonly claim: string | null;
    readonly holds: "tenant" | "user" | null;
  };
  readonly server: readonly number[];
  readonly failOn: FailOn;
  readonly strict: boolean;
  readonly accept: readonly AcceptConfig[];
  readonly acceptDays: number;
  readonly baseline: string;
  readonly reports: Readonly<Record<keyof NonNullable<Config["reports"]>, string | null>>;
  readonly limits: {
    readonly seconds: number;
    readonly statementSeconds: number;
    readonly attackSeconds: number;
  };
}
