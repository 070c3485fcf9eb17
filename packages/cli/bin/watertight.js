#!/usr/bin/env node
// The command. Everything is in dist; this file only connects it to the process.
import { processIo, run } from "../dist/index.js";

const io = processIo();
// whoever reads us may have seen enough: `| head`
process.stdout.on("error", (error) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
process.on("SIGINT", () => io.interrupt() || process.exit(130));
process.on("SIGTERM", () => io.interrupt() || process.exit(143));
process.exitCode = await run(process.argv.slice(2), io);
// a command that failed while it waited for the end leaves nobody waiting, or the process would stay
io.interrupt();
