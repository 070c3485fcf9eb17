/**
 * The shape of watertight.config.ts, for the people who write one. Everything is optional: what is absent is inferred and shown. The same shape
 * as a zod schema stands in config-schema.ts; the compiler compares the two.
 */
import type { MigrationTool } from "../find/migration.ts";
import type { Severity } from "../rules/rule.ts";

/** One table's meaning, where it cannot be inferred or was inferred wrongly. One of column, parent and global. */
export interface TableConfig {
  /** The column that holds the tenant. */
  readonly column?: string | undefined;
  /** The table that it belongs to; by the foreign key between them. */
  readonly parent?: string | undefined;
  /** The columns that lead to the parent, where several foreign keys or none do. */
  readonly by?: readonly string[] | undefined;
  /** Shared by all tenants. */
  readonly global?: boolean | undefined;
  /** An SQL condition: rows that everybody may read, for example "published". */
  readonly publicRows?: string | undefined;
}

/** A finding that is accepted for a while. */
export interface AcceptConfig {
  /** Vector of the catalogue, for example B4. */
  readonly rule: string;
  /** What it was found on: a table (schema.table), table.part, or the finding's id. */
  readonly target: string;
  /** Why that is right. */
  readonly reason: string;
  /** Last day, YYYY-MM-DD. */
  readonly expires: string;
  /** Who answers for it. */
  readonly owner?: string | undefined;
}

/** When a run fails. */
export type FailOn = Severity | "never";

/** A configuration. */
export interface Config {
  /** For editors, in watertight.config.json. */
  readonly $schema?: string | undefined;
  readonly migrations?:
    | {
        readonly tool?: MigrationTool | undefined;
        /** Folder of the migrations, relative to the config file. */
        readonly folder?: string | undefined;
        /** SQL files in the order in which they run, in place of a folder. */
        readonly files?: readonly string[] | undefined;
      }
    | undefined;
  readonly tenant?:
    | {
        /** The column that most tables carry. */
        readonly column?: string | undefined;
        /** The table of the tenants. */
        readonly table?: string | undefined;
        readonly type?: "uuid" | "bigint" | "integer" | "text" | undefined;
      }
    | undefined;
  /** By "schema.table", or "table" where that is unique. */
  readonly tables?: Readonly<Record<string, TableConfig>> | undefined;
  /** Tables that all tenants share. */
  readonly global?: readonly string[] | undefined;
  readonly roles?:
    | {
        /** Roles that requests of signed-in tenants run as. */
        readonly tenant?: string | readonly string[] | undefined;
        /** Roles of requests without a signed-in user. */
        readonly anonymous?: string | readonly string[] | undefined;
        /** Roles that bypass by design and are not given to tenants. */
        readonly service?: string | readonly string[] | undefined;
        /** The role that logs in and then SETs to the others. */
        readonly login?: string | undefined;
      }
    | undefined;
  /** Where policies learn who asks. */
  readonly context?:
    | {
        /** A setting, for example app.tenant_id. With `claim` the setting that holds the claims. */
        readonly setting?: string | undefined;
        /** Path of a claim, for example app_metadata.org_id. */
        readonly claim?: string | undefined;
        readonly holds?: "tenant" | "user" | undefined;
      }
    | undefined;
  /** Major versions of PostgreSQL to check on. */
  readonly server?: number | readonly number[] | undefined;
  /** The least severity that fails the run. Default high. */
  readonly failOn?: FailOn | undefined;
  /** Cells that could not be tested fail the run, too. */
  readonly strict?: boolean | undefined;
  readonly accept?: readonly AcceptConfig[] | undefined;
  /** How many days ahead `expires` and `until` may lie. Default 90. */
  readonly acceptDays?: number | undefined;
  /** Known findings, which do not fail the run. Default .watertight/baseline.json. */
  readonly baseline?: string | undefined;
  /** Files to write, by format. */
  readonly reports?:
    | {
        readonly json?: string | undefined;
        readonly sarif?: string | undefined;
        readonly junit?: string | undefined;
        readonly github?: string | undefined;
        readonly gitlab?: string | undefined;
        readonly markdown?: string | undefined;
        readonly html?: string | undefined;
      }
    | undefined;
  readonly limits?:
    | {
        /** For the whole run. */
        readonly seconds?: number | undefined;
        /** For one statement of a migration. */
        readonly statementSeconds?: number | undefined;
        /** For all attacks together. */
        readonly attackSeconds?: number | undefined;
      }
    | undefined;
}

/**
 * Gives the editor the types of a configuration; returns it as it is.
 * @example
 * import { defineConfig } from "@watertight/audit";
 * export default defineConfig({ tenant: { column: "org_id" }, global: ["plans"] });
 */
export function defineConfig(config: Config): Config {
  return config;
}
