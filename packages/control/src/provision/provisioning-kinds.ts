/** Every kind of operation that makes, changes and removes tenants and their places: what a worker is given. */
import type { OperationKind } from "../operations/operation.ts";
import { beginReportingKind, endReportingKind } from "../reporting/reporting-kinds.ts";
import { rotateLoginKind } from "../reporting/rotate-login-kind.ts";
import { adoptPoolKind } from "./adopt-pool-kind.ts";
import { createTenantKind } from "./create-tenant-kind.ts";
import { lifecycleKinds } from "./lifecycle-kinds.ts";
import { deleteTenantKind } from "./remove/delete-tenant-kind.ts";
import type { ProvisioningOptions } from "./place.ts";
import { registerTenantsKind } from "./register-tenants-kind.ts";
import { makePlaceKind } from "./shared-place-kinds.ts";
import { templateKind } from "./template-kind.ts";

/**
 * The kinds, by name.
 * @example await startWorker({ catalogUrl, kinds: provisioningKinds({ secrets, schemaOf }) });
 */
export function provisioningKinds(options: ProvisioningOptions): ReadonlyMap<string, OperationKind<never>> {
  const kinds = [
    createTenantKind(options),
    makePlaceKind("pool.create", options),
    adoptPoolKind(options),
    makePlaceKind("silo.create", options),
    makePlaceKind("warm.fill", options),
    registerTenantsKind(options),
    templateKind(options),
    ...lifecycleKinds(options),
    deleteTenantKind(options),
    beginReportingKind(options.secrets),
    endReportingKind(options.secrets),
    rotateLoginKind(options.secrets),
  ] as unknown as OperationKind<never>[];
  return new Map(kinds.map((kind) => [kind.kind, kind]));
}
