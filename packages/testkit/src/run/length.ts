// How much a test run does. CI runs everything; at a desk a run ends in minutes: one server version, and random tests in short. What a run
// leaves out is said where the run begins. Must never decide whether a defence is tested at all, only how often.

/** Whether this run is CI's: CI is set, or `WATERTIGHT_TEST_LENGTH=full` asks for the same. */
export const fullRun: boolean =
  process.env["WATERTIGHT_TEST_LENGTH"] === "full" ||
  (process.env["CI"] !== undefined && process.env["WATERTIGHT_TEST_LENGTH"] !== "short");

/** One of two sizes of the same test. */
export const sized = <T>(full: T, short: T): T => (fullRun ? full : short);
