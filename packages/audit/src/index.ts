/**
 * @watertight/audit: what stands behind `watertight check`. Listed by hand: public is a promise.
 */
export type { Report, Finding } from "./report/report.ts";
export { type AcceptConfig, type Config, defineConfig, type FailOn, type TableConfig } from "./config/config.ts";
export { check, type Checked, type CheckRequest, type Progress } from "./check/check.ts";
export { checkVersions } from "./check/check-versions.ts";
export { checkLive, type LiveRequest } from "./check/check-live.ts";
export { standUp, type StandUpRequest, type StoodUp } from "./check/stand-up.ts";
export { writeBaseline } from "./check/baseline.ts";
export type { Options } from "./config/options.ts";
export { type LoadedConfig, loadConfig } from "./config/load-config.ts";
export { optionRows, type ResolvedOptions } from "./config/resolve.ts";
export { resolveOptions } from "./config/resolve-options.ts";
export { type InferredRow, inferredRows } from "./understand/inferred-rows.ts";
export type { CommandAnswer, Explanation, PolicyValue, TermValue } from "./why/explanation.ts";
export { whyLive, type WhyLiveRequest } from "./why/why-live.ts";
export { whyReplay, type WhyReplayRequest } from "./why/why-replay.ts";
export type { MigrationSet } from "./find/migration.ts";
export {
  type ReadMigration,
  readMigrations,
  type ReadMigrationsOptions,
  type ReadStatement,
} from "./find/read-migrations.ts";
export { githubAnnotations, githubSummary, withoutCommands } from "./report/github.ts";
export { gitlabReport } from "./report/gitlab.ts";
export { htmlReport } from "./report/html.ts";
export { jsonDocument, jsonReport, type ReportDocument } from "./report/json.ts";
export { junitReport } from "./report/junit.ts";
export { markdownReport } from "./report/markdown.ts";
export { exitCodeOf, openFindings } from "./report/order.ts";
export { sarifReport } from "./report/sarif.ts";
export { terminalReport } from "./report/terminal.ts";
export { rules } from "./rules/index.ts";
export { residuals } from "./rules/residuals.ts";
export { ruleDoc, ruleOf } from "./rules/rule-doc.ts";
export { bisect, type Bisected } from "./check/bisect.ts";
export { diffReports, type ReportDiff } from "./report/diff-reports.ts";
export type { FixPlan, FixStatement, LeftToPerson, Lock } from "./fix/fix-plan.ts";
export type { NewFile } from "./fix/migration-files.ts";
export { protect, type Protected } from "./fix/protect.ts";
export { takenName, writeFiles } from "./fix/write-files.ts";
export { checklist, type ChecklistItem } from "./checklist/checklist.ts";
