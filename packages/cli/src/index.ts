/**
 * watertight: the command line, callable in process. Every name below is a promise.
 */
export { exitCodes } from "./cli-error.ts";
export { type Io, type ProcessIo, processIo } from "./io.ts";
export { run } from "./run.ts";
