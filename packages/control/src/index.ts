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
export { startWorker, type Worker, type WorkerOptions } from "./operations/worker.ts";
export { fileStore } from "./secrets/file-store.ts";
export { openSecrets, type Secrets, type SecretsOptions, type SecretStore } from "./secrets/secrets.ts";
export {
  type CatalogLocationRoute,
  type CatalogRoutes,
  catalogRoutes,
  type CatalogRoutesOptions,
} from "./routes/catalog-routes.ts";
export { addWebhook, deliverDue, type DeliverOptions, type NewWebhook } from "./webhooks/deliver.ts";
export { signWebhook, verifyWebhook, type WebhookHeaders } from "./webhooks/signature.ts";
export { type OidcCaller, type OidcOptions, oidcVerifier } from "./access/oidc.ts";
export { type AccessRole, type Scope, scopesOf } from "./access/roles.ts";
export { createToken, readToken, revokeToken, type TokenHolder } from "./access/tokens.ts";
export { type ApiSettings, createApi } from "./http/api.ts";
export type { ApiEnv, Caller } from "./http/caller.ts";
export { serveApi, type ServedApi, type ServeOptions } from "./http/serve-api.ts";
