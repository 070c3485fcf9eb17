/**
 * The configuration as a zod schema: what is accepted at run time, and the source of config.schema.json. Unknown options are refused everywhere:
 * a misspelt `global` that is silently ignored would be a table nobody checks.
 */
import { z } from "zod";
import type { MigrationTool } from "../find/migration.ts";
import type { Config } from "./config.ts";

const name = z.string().min(1, "must not be empty");
const names = z.union([name, z.array(name)], { error: "must be a name or a list of names" });
const file = z.string().min(1, "must be the path of a file");
const version = z.literal([15, 16, 17, 18]);
const positive = z.number().positive("must be greater than 0");

// a record, so that the compiler misses a tool that is new
const tools: Readonly<Record<MigrationTool, true>> = {
  sql: true,
  supabase: true,
  prisma: true,
  drizzle: true,
  knex: true,
  "node-pg-migrate": true,
  flyway: true,
  dbmate: true,
  "golang-migrate": true,
  "do-undo": true,
  "graphile-migrate": true,
  sqitch: true,
  typeorm: true,
  kysely: true,
  "mikro-orm": true,
  sequelize: true,
  pg_dump: true,
  database: true,
};

const table = z
  .strictObject({
    column: name.describe("The column that holds the tenant.").optional(),
    parent: name.describe("The table that it belongs to, by the foreign key between them.").optional(),
    by: z.array(name).min(1).describe("The columns that lead to the parent.").optional(),
    global: z.boolean().describe("Shared by all tenants.").optional(),
    publicRows: name.describe("An SQL condition: rows that everybody may read.").optional(),
  })
  .superRefine((value, context) => {
    const said = [value.column && "column", value.parent && "parent", value.global && "global"].filter(Boolean);
    if (said.length > 1)
      context.addIssue({ code: "custom", message: `says ${said.join(" and ")}; a table has one of them` });
    if (value.by && value.parent === undefined)
      context.addIssue({ code: "custom", path: ["by"], message: "needs parent: the table that the columns lead to" });
  });

const accept = z.strictObject({
  rule: z
    .string()
    .regex(/^([A-HP]\d{1,2}|CVE-\d{4}-\d{4,})$/, "must be a vector of the catalogue such as B4")
    .describe("Vector of the catalogue, for example B4, or the CVE of a server's finding."),
  target: name.describe("A table (schema.table), table.part, or the finding's id."),
  reason: z
    .string()
    .refine((text) => text.trim().length >= 8, "must say why, in words")
    .describe("Why that is right."),
  expires: z.iso.date("must be a day as YYYY-MM-DD").describe("Last day, YYYY-MM-DD."),
  owner: name.describe("Who answers for it.").optional(),
});

/** The schema. */
export const configSchema: z.ZodType<Config> = z.strictObject({
  $schema: z.string().describe("For editors, in watertight.config.json.").optional(),
  migrations: z
    .strictObject({
      tool: z
        .enum(Object.keys(tools) as MigrationTool[])
        .describe("The tool that runs them.")
        .optional(),
      folder: file.describe("Folder of the migrations, relative to the config file.").optional(),
      files: z.array(file).min(1).describe("SQL files in the order in which they run.").optional(),
    })
    .describe("Where the migrations are.")
    .optional(),
  tenant: z
    .strictObject({
      column: name.describe("The column that most tables carry.").optional(),
      table: name.describe("The table of the tenants.").optional(),
      type: z.enum(["uuid", "bigint", "integer", "text"]).describe("Type of the tenant's id.").optional(),
    })
    .describe("Who the tenant is.")
    .optional(),
  tables: z.record(z.string(), table).describe("Meaning of single tables.").optional(),
  global: z.array(name).describe("Tables that all tenants share.").optional(),
  roles: z
    .strictObject({
      tenant: names.describe("Roles that requests of signed-in tenants run as.").optional(),
      anonymous: names.describe("Roles of requests without a signed-in user.").optional(),
      service: names.describe("Roles that bypass by design.").optional(),
      login: name.describe("The role that logs in and then SETs to the others.").optional(),
    })
    .describe("The application's roles.")
    .optional(),
  context: z
    .strictObject({
      setting: name.describe("A setting, for example app.tenant_id.").optional(),
      claim: name.describe("Path of a claim, for example app_metadata.org_id.").optional(),
      holds: z.enum(["tenant", "user"]).describe("What it holds.").optional(),
    })
    .refine(
      (value) => value.setting !== undefined || value.claim !== undefined,
      "needs setting or claim: where the value is read",
    )
    .describe("Where policies learn who asks.")
    .optional(),
  server: z
    .union([version, z.array(version).min(1)], { error: "must be 15, 16, 17 or 18, or a list of them" })
    .describe("Major versions of PostgreSQL to check on.")
    .optional(),
  failOn: z
    .enum(["critical", "high", "medium", "low", "info", "never"])
    .describe("The least severity that fails the run.")
    .optional(),
  strict: z.boolean().describe("Cells that could not be tested fail the run, too.").optional(),
  accept: z.array(accept).describe("Findings that are accepted for a while.").optional(),
  acceptDays: z
    .number()
    .int()
    .min(1, "must be at least 1")
    .max(3650, "must be at most 3650")
    .describe("How many days ahead an expiry may lie.")
    .optional(),
  baseline: file.describe("Known findings, which do not fail the run.").optional(),
  reports: z
    .strictObject({
      json: file.optional(),
      sarif: file.optional(),
      junit: file.optional(),
      github: file.optional(),
      gitlab: file.optional(),
      markdown: file.optional(),
      html: file.optional(),
    })
    .describe("Files to write, by format.")
    .optional(),
  limits: z
    .strictObject({
      seconds: positive.describe("For the whole run.").optional(),
      statementSeconds: positive.describe("For one statement of a migration.").optional(),
      attackSeconds: positive.describe("For all attacks together.").optional(),
    })
    .describe("Limits of a run.")
    .optional(),
});

/** The JSON Schema that is published as config.schema.json. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    title: "watertight.config",
    description: "Configuration of watertight check; generated from zod, do not edit.",
    ...(z.toJSONSchema(configSchema, { io: "input" }) as Record<string, unknown>),
  };
}
