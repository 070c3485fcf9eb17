/**
 * @watertight/control: what operates tenants. Listed by hand, by concept: every name below is a promise.
 */

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
export type { Scope, ScopeOptions } from "./migrations/release/scope.ts";
export type { Step, StepStatement } from "./migrations/release/steps.ts";
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
export { type Failpoint, failpoints } from "./migrations/apply/failpoint.ts";
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
