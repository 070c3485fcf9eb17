/**
 * @watertight/control: the control plane. Every name below is a promise.
 */
export type { Actor } from "./audit-log/append-audit.ts";
export { type AuditAnchor, auditHead, type AuditVerdict, verifyAudit } from "./audit-log/verify-audit.ts";
export { type CatalogRoles, defaultCatalogRoles } from "./catalog/catalog-roles.ts";
export {
  addCell,
  type Cell,
  type CellCaps,
  type CellChange,
  changeCell,
  getCell,
  listCells,
  type NewCell,
} from "./catalog/cells.ts";
export { type CatalogReport, installCatalog } from "./catalog/install-catalog.ts";
export { addService, getService, raiseMinimum, raiseTarget, type Service } from "./catalog/services.ts";
export {
  type CatalogTenant,
  type CatalogTenantState,
  changeTenant,
  getTenant,
  type ListedTenant,
  listTenants,
  type Model,
  type NewTenant,
  type TenantChange,
  type TenantFilter,
} from "./catalog/tenants.ts";
export { type HbaOptions, hbaLines, renderHbaLines } from "./cells/hba-lines.ts";
export type { CatalogPool, PooledClient } from "./db/transaction.ts";
export { type ControlCodeEntry, type ControlErrorCode, controlErrorCodes } from "./errors/control-codes.ts";
export { ControlError, type ControlErrorDetails } from "./errors/control-error.ts";
export { approveOperation, cancelOperation, resumeOperation, retryOperation } from "./operations/control-operation.ts";
export type {
  Operation,
  OperationFailure,
  OperationKind,
  OperationState,
  OperationStep,
  Step,
  StepContext,
} from "./operations/operation.ts";
export {
  beginOperation,
  getOperation,
  listOperationEvents,
  listOperations,
  listSteps,
  type OperationEvent,
  type OperationFilter,
  requestOperation,
} from "./operations/operation-rows.ts";
export { installQueue } from "./operations/queue.ts";
export { startWorker, type Worker, type WorkerOptions } from "./operations/worker.ts";
export { type CellLoad, type Choice, chooseCell, type SharedPlace, type Wanted } from "./provision/choose-cell.ts";
export { createTenant } from "./provision/create-tenant-kind.ts";
export type { ProvisioningOptions } from "./provision/place.ts";
export { type ProvisionerAlarm, provisionerAlarms } from "./provision/provisioner-alarms.ts";
export { provisioningKinds } from "./provision/provisioning-kinds.ts";
export type { ProtectedTable, ProvisioningSetting, SchemaSource } from "./provision/schema-source.ts";
export { type TimeToActive, timeToActive } from "./provision/time-to-active.ts";
export type { CreateTenant } from "./provision/tenant-input.ts";
export { fileStore, openSecrets, type Secrets, type SecretsOptions, type SecretStore } from "./secrets/secrets.ts";
