// What --pause-on means, and that a slip of the pen is no "never".
import { expect, test } from "vitest";
import { pauseOn } from "../../src/commands/migrations/pause-on.ts";

test.each([
  ["error", { error: 0 }],
  ["error=2%", { error: 0.02 }],
  ["error, denied ,slow", { error: 0, denied: 0, slow: 3 }],
  ["denied=5,slow=2.5", { error: false, denied: 5, slow: 2.5 }],
  ["none", { error: false }],
])("%s", (text, pauses) => expect(pauseOn(text)).toEqual(pauses));

test.each(["eror", "error=2", "error=100%", "denied=1.5", "slow=1", "none,error", "", "error,", "slow=3%"])(
  "%j is refused",
  (text) => expect(() => pauseOn(text)).toThrow(expect.objectContaining({ code: "WT_CLI_USAGE" })),
);
