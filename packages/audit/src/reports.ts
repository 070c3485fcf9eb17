/**
 * @watertight/audit/reports: a report in all its forms, without what makes one. Listed by hand, like the index.
 */
export { writeBaseline } from "./check/baseline.ts";
export { githubAnnotations, githubSummary, withoutCommands } from "./report/github.ts";
export { gitlabReport } from "./report/gitlab.ts";
export { htmlReport } from "./report/html.ts";
export { jsonDocument, jsonReport } from "./report/json.ts";
export { junitReport } from "./report/junit.ts";
export { markdownReport } from "./report/markdown.ts";
export { exitCodeOf } from "./report/order.ts";
export { sarifReport } from "./report/sarif.ts";
export { terminalReport } from "./report/terminal.ts";
