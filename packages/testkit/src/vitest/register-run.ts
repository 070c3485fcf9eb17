// Runs in every worker before a *.db.test.ts file: makes the servers of the run known to servers() and describeServers().
import { describe, inject } from "vitest";
import { setTestRun } from "../run/test-run.ts";
import type {} from "./global-setup.ts";

setTestRun({ ...inject("watertightRun"), describe: (name, body) => void describe(name, body) });
