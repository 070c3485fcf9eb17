/**
 * @watertight/control: the control plane. Every name below is a promise.
 */
export { type Advice, adviseModel, type AdviceReason, type ModelAdvice, type TenancyNeed } from "./advise/advise.ts";
export type { Figure } from "./advise/figures.ts";
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
export { type ListedLocation, listLocations } from "./catalog/placements.ts";
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
export {
  abandonOperation,
  approveOperation,
  cancelOperation,
  resumeOperation,
  retryOperation,
} from "./operations/control-operation.ts";
export type {
  CleanupRecord,
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
  listOrphans,
  listSteps,
  type OperationEvent,
  type OperationFilter,
  requestOperation,
} from "./operations/operation-rows.ts";
export { startWorker, type Worker, type WorkerOptions } from "./operations/worker.ts";
export { type CellLoad, type Choice, chooseCell, type SharedPlace, type Wanted } from "./provision/choose-cell.ts";
export { createTenant } from "./provision/create-tenant-kind.ts";
export type { ProvisioningOptions } from "./provision/place.ts";
export { type ProvisionerAlarm, provisionerAlarms } from "./provision/provisioner-alarms.ts";
export { provisioningKinds } from "./provision/provisioning-kinds.ts";
export type { ProtectedTable, ProvisioningSetting, SchemaSource } from "./provision/schema-source.ts";
export { type TimeToActive, timeToActive } from "./provision/time-to-active.ts";
export type { CreateTenant } from "./provision/tenant-input.ts";
export { type SlowProvisioning, slowProvisioning } from "./watch/slow-provisioning.ts";
export { startWatch, type Watch, type WatchAlarm, type WatchOptions } from "./watch/start-watch.ts";
export { type CatalogLeases, catalogLeases, type CatalogLeasesOptions } from "./leases/catalog-leases.ts";
export { listLogins, type PlaceLogin } from "./reporting/list-logins.ts";
export {
  type BeginReporting,
  beginReportingKind,
  type EndReporting,
  endReportingKind,
} from "./reporting/reporting-kinds.ts";
export { listReporting, type ReportingLogin } from "./reporting/reporting-row.ts";
export { type RotateLogin, rotateLoginKind } from "./reporting/rotate-login-kind.ts";
export { fileStore } from "./secrets/file-store.ts";
export { openSecrets, type Secrets, type SecretsOptions, type SecretStore } from "./secrets/secrets.ts";
export { type CatalogRoutes, catalogRoutes, type CatalogRoutesOptions } from "./routes/catalog-routes.ts";
export type { CatalogLocationRoute } from "./routes/location-of.ts";
export { exportTenant, type ExportOptions, type ExportProgress, type ExportReport } from "./export/export-tenant.ts";
export type { ExportedColumn, ExportedTable, ExportManifest, LeftOutTable } from "./export/manifest.ts";
export { type ExportVerdict, verifyExport } from "./export/verify-export.ts";
export { addWebhook, deliverDue, type DeliverOptions, type NewWebhook } from "./webhooks/deliver.ts";
export { type Delivery, type DeliverySetting, startDelivery } from "./webhooks/delivery-loop.ts";
export { purgeHistory, type PurgedHistory, type PurgeOptions } from "./history/purge-history.ts";
export { signWebhook, verifyWebhook, type WebhookHeaders } from "./webhooks/signature.ts";
export { type OidcCaller, type OidcOptions, oidcVerifier } from "./access/oidc.ts";
export { type AccessRole, type Scope, scopesOf } from "./access/roles.ts";
export { createToken, readToken, revokeToken, type TokenHolder } from "./access/tokens.ts";
export { createOneTimeCode, endOneTimeCode, type OneTimeCode, redeemOneTimeCode } from "./access/one-time-code.ts";
export { type ApiSettings, createApi } from "./http/api.ts";
export type { ApiEnv, Caller } from "./http/caller.ts";
export { serveApi, type ServedApi, type ServeOptions } from "./http/serve-api.ts";
export { installQueue } from "./operations/queue.ts";
export {
  type ImportedTenant,
  type ImportReport,
  importTenants,
  type ImportTarget,
  tenantsOfTable,
} from "./catalog/import-tenants.ts";

// migrations: releases
export { MigrationError, type MigrationErrorDetails } from "./migrations/migration-error.ts";
export { type MigrationCodeEntry, type MigrationErrorCode, migrationErrorCodes } from "./migrations/migration-codes.ts";
export type {
  MigrationReader,
  SourceMigration,
  SourceStatement,
  SyntaxNode,
} from "./migrations/release/migration-reader.ts";
export {
  filesFor,
  makeRelease,
  refuseChanges,
  type Release,
  type ReleasedFile,
  type ReleaseFile,
} from "./migrations/release/release.ts";
export { positionOf, readVersion, schemaVersion, type SchemaVersion } from "./migrations/release/schema-version.ts";
export type { Scope as MigrationScope, ScopeOptions } from "./migrations/release/scope.ts";
export type { Step as MigrationStep, StepStatement } from "./migrations/release/steps.ts";
export type { AloneAction } from "./migrations/release/alone.ts";
export type { LockMode, TableLock } from "./migrations/release/locks.ts";

// migrations: one target
export { type ConnectConfig, scopeOf, type Target, type TargetModel } from "./migrations/target.ts";
export {
  type ApplyOptions,
  applyToTarget,
  type MirrorEntry,
  type TargetResult,
} from "./migrations/apply/apply-to-target.ts";
export { TargetConnection } from "./migrations/apply/connection.ts";
export { type Failpoint as MigrationFailpoint, failpoints } from "./migrations/apply/failpoint.ts";
export { type LedgerEntry, readLedger } from "./migrations/apply/ledger.ts";

// migrations: plan
export type { History } from "./migrations/plan/estimate.ts";
export {
  type MigrationPlan,
  type PlannedFile,
  type PlannedTarget,
  planMigrations,
  type PlanOptions,
} from "./migrations/plan/plan-migrations.ts";
export { planText } from "./migrations/plan/plan-text.ts";

// migrations: waves
export type { FailureGroup } from "./migrations/waves/group-failures.ts";
export { memoryStore } from "./migrations/waves/memory-store.ts";
export type { PauseOn } from "./migrations/waves/pause.ts";
export { runWaves, skipTargets, type WaveOptions, type WaveResult } from "./migrations/waves/run-waves.ts";
export type { WaveEvent } from "./migrations/waves/wave-event.ts";
export type { FailureFacts, Run, RunState, RunTarget, WaveStore } from "./migrations/waves/wave-store.ts";
export { postgresStore, type StoreConnection } from "./migrations/waves/postgres-store.ts";
export { rebuildMirror, type RebuiltMirror } from "./migrations/waves/rebuild-mirror.ts";

// migrations: a whole release
export {
  applyRelease,
  type CheckRelease,
  type ReleaseFinding,
  type ReleaseOptions,
} from "./migrations/apply-release.ts";
export type { Limits } from "./migrations/apply/limits.ts";

// migrations: drift
export { type DriftGroup, type DriftOptions, type DriftReport, findDrift } from "./migrations/drift/find-drift.ts";

// migrations: releases and places of the catalog
export {
  type AddRelease,
  addRelease,
  listReleases,
  readRelease,
  type ServiceRelease,
} from "./releases/release-rows.ts";
export { releasedSchemas, sourceOf } from "./releases/released-schema.ts";
export {
  type MigratedPlaces,
  migratePlaces,
  type MigratePlaces,
  type PlacesOptions,
  type PlacesPlan,
  planPlaces,
  runStore,
} from "./releases/migrate-places.ts";
export { driftOfPlaces, type PlacesDrift } from "./releases/drift-of-places.ts";
export { type ListedRun, listRuns } from "./releases/list-runs.ts";
export { bringSamplePlace, makeSamplePlace } from "./releases/sample-place.ts";
export type { PlaceLogins } from "./migrations/target.ts";
export type { SchemaPlace } from "./provision/schema-source.ts";
