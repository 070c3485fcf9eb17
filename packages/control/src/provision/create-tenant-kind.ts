/**
 * Operation `tenant.create`: a tenant of any model, from the catalog's row to its first request. The last step serves it; the one before is the
 * intrusion test. Until then everything can be taken back, and is, when anything fails.
 */
import type { CatalogPool } from "../db/transaction.ts";
import { inTransaction } from "../db/transaction.ts";
import type { Actor } from "../audit-log/append-audit.ts";
import { insertTenants } from "../catalog/tenants.ts";
import type { Operation, OperationKind } from "../operations/operation.ts";
import { beginOperation } from "../operations/operation-rows.ts";
import { activateStep } from "./activate-step.ts";
import { adoptStep } from "./adopt-step.ts";
import { fenceStep } from "./fence-step.ts";
import type { PlaceFinder, ProvisioningOptions } from "./place.ts";
import { databaseStep } from "./place-database.ts";
import { keysStep } from "./place-keys.ts";
import { rolesStep } from "./place-roles.ts";
import { secretsStep } from "./place-secrets.ts";
import { placeOfTenant, reserveStep } from "./reserve-step.ts";
import { schemaStep } from "./schema-step.ts";
import { smokeStep } from "./smoke/smoke-step.ts";
import { type CreateTenant, parseCreateTenant } from "./tenant-input.ts";

const finder: PlaceFinder<CreateTenant> = ({ input }, db) => placeOfTenant(db, input.tenant.id, input.service);
const tenantOf = ({ tenant }: CreateTenant): string => tenant.id;

/** The kind. */
export function createTenantKind(options: ProvisioningOptions): OperationKind<CreateTenant> {
  return {
    kind: "tenant.create",
    parse: parseCreateTenant,
    subject: ({ tenant }) => `tenant:${tenant.id}`,
    steps({ model }) {
      const own =
        model === "database"
          ? [
              adoptStep(options, finder),
              secretsStep(options, finder),
              rolesStep(options, finder),
              databaseStep(options, finder),
              keysStep(options, finder),
            ]
          : model === "schema"
            ? [schemaStep(options, finder, tenantOf)]
            : [];
      return [
        reserveStep(options),
        ...own,
        fenceStep(options, finder, tenantOf),
        smokeStep(options, finder, tenantOf),
        activateStep(options, finder, tenantOf),
      ];
    },
  };
}

/**
 * Asks for a tenant: its row and the operation in one transaction, so that an id or slug that is taken is refused at once.
 * @example await createTenant(pool, actor, options, { tenant: { id: "7a0e…", slug: "acme", name: "Acme" }, model: "database" });
 * @throws ControlError WT_CATALOG_DUPLICATE, WT_CATALOG_INPUT, WT_OPERATION_BUSY
 */
export async function createTenant(
  pool: CatalogPool,
  actor: Actor,
  options: ProvisioningOptions,
  input: Readonly<Record<string, unknown>>,
): Promise<Operation> {
  const { tenant } = parseCreateTenant(input);
  return inTransaction(pool, async (tx) => {
    await insertTenants(tx, actor, [tenant]);
    return beginOperation(tx, actor, createTenantKind(options), input);
  });
}
