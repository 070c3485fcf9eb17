#!/usr/bin/env node
// The command. Everything is in dist; this file only connects it to the process.
import { processIo, run } from "../dist/index.js";

process.on("SIGINT", () => process.exit(130));
process.exitCode = await run(process.argv.slice(2), processIo());
