/** Shapes of the API's answers and requests, from which the OpenAPI document is made. */
import { z } from "@hono/zod-openapi";

const name = z.string().min(1).max(200);
const record = z.record(z.string(), z.unknown());
const model = z.enum(["pool", "schema", "database", "silo"]);

/** A tenant. */
export const tenantSchema = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    tier: z.string(),
    state: z.enum(["provisioning", "active", "suspended", "maintenance", "moving", "archived", "deleted"]),
    limits: record,
    metadata: record,
    createdAt: z.iso.datetime(),
    deleteAfter: z.iso.datetime().nullable(),
    model: model.nullable().optional(),
    cell: z.string().nullable().optional(),
    schemaVersion: z.int().nullable().optional(),
  })
  .openapi("Tenant");

/** What may be changed about a tenant. */
export const tenantChangeSchema = z
  .strictObject({
    name: name.optional(),
    tier: name.optional(),
    limits: record.optional(),
    metadata: record.optional(),
  })
  .openapi("TenantChange");

/** A cell. */
export const cellSchema = z
  .object({
    id: z.string(),
    host: z.string(),
    port: z.int(),
    region: z.string().nullable(),
    state: z.enum(["active", "draining", "closed"]),
    maxDatabases: z.int(),
    maxSchemas: z.int(),
    maxPoolTenants: z.int(),
    connectionBudget: z.int(),
  })
  .openapi("Cell");

const caps = {
  maxDatabases: z.int().positive().optional(),
  maxSchemas: z.int().positive().optional(),
  maxPoolTenants: z.int().positive().optional(),
  connectionBudget: z.int().positive().optional(),
};

/** A new cell. */
export const newCellSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9-]{0,38}$/),
    host: z.string().min(1).max(253),
    port: z.int().min(1).max(65535),
    adminSecret: z
      .string()
      .regex(/^[a-z][a-z0-9+-]*:(?!\/\/)[^\s=]+$/)
      .openapi({
        description: "Reference to the provisioner's connection string: env:NAME, file:/path. Never the string itself.",
      }),
    region: z.string().optional(),
    ...caps,
  })
  .openapi("NewCell");

/** What may be changed about a cell. */
export const cellChangeSchema = z
  .strictObject({ state: z.enum(["active", "draining", "closed"]).optional(), ...caps })
  .openapi("CellChange");

const failure = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  step: z.string().optional(),
});

/** An operation. */
export const operationSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    subject: z.string(),
    state: z.enum(["pending", "running", "waiting", "waiting_approval", "succeeded", "failed", "cancelled"]),
    direction: z.enum(["forward", "back"]),
    input: record,
    output: record,
    error: failure.nullable(),
    requestedBy: z.string(),
    approvedBy: z.string().nullable(),
    cancelRequested: z.boolean(),
    attempts: z.int(),
    crashes: z.int(),
    abandonedReason: z.string().nullable(),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
    steps: z
      .array(
        z.object({
          position: z.int(),
          name: z.string(),
          state: z.enum(["running", "done", "undone", "failed"]),
          attempts: z.int(),
          error: failure.nullable(),
          startedAt: z.iso.datetime(),
          finishedAt: z.iso.datetime().nullable(),
        }),
      )
      .optional(),
    orphans: z
      .array(z.object({ cell: z.string(), kind: z.string(), name: z.string(), database: z.string() }))
      .optional()
      .openapi({ description: "What an operation that has ended may have left" }),
  })
  .openapi("Operation");

/** Why an operation is given up. */
export const abandonSchema = z.strictObject({ reason: z.string().min(1).max(500) }).openapi("Abandon");

/** A request for an operation. */
export const newOperationSchema = z
  .strictObject({ kind: z.string().min(1).max(100), input: record })
  .openapi("NewOperation");

/** Verdict over the audit log. */
export const auditVerdictSchema = z
  .object({
    valid: z.boolean(),
    records: z.int(),
    brokenAt: z.string().optional(),
    why: z.string().optional(),
    head: z.object({ seq: z.string(), hash: z.string() }),
  })
  .openapi("AuditVerdict");

/** A new token. */
export const newTokenSchema = z
  .strictObject({
    name,
    roles: z.array(z.enum(["viewer", "operator", "migration_operator", "approver", "auditor", "admin"])).min(1),
    days: z.number().positive().max(366).optional(),
  })
  .openapi("NewToken");

/** Every error. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    requestId: z.string(),
    detail: z.string().optional(),
    next: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .openapi("Problem");
