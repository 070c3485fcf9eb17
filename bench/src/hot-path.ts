/**
 * npm run bench:hot-path: what a scoped query costs over the same query without scoping.
 */
import { runHotPath } from "./hot-path/run.ts";
import { parseOptions } from "./options.ts";
import { hotPathMarkdown, hotPathText } from "./report/hot-path-report.ts";
import { progress } from "./report/progress.ts";
import { writeReport } from "./report/write.ts";

const options = parseOptions(process.argv.slice(2));
const report = await runHotPath(options, progress());
if (options.out !== undefined) writeReport(options.out, report, hotPathMarkdown(report));
console.log(options.json ? JSON.stringify(report) : hotPathText(report));
