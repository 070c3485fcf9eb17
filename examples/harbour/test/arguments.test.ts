// The command line.
import { describe, expect, it } from "vitest";
import { parseArguments, UsageError } from "../src/arguments.ts";

describe("parseArguments", () => {
  it("reads options in both spellings", () => {
    expect(
      parseArguments(["--open", "A1,C8", "--open=admin-pool", "--once", "--json", "--port=0", "--seed", "x"], {}),
    ).toEqual({
      once: true,
      json: true,
      open: ["A1", "C8", "admin-pool"],
      port: 0,
      seed: "x",
      help: false,
    });
    expect(parseArguments([], { HARBOUR_ONCE: "1" }).once).toBe(true);
  });
  it.each([[["--nonsense"]], [["--open"]], [["--port", "http"]], [["--open", "--once"]]])("refuses %j", (args) => {
    expect(() => parseArguments(args, {})).toThrow(UsageError);
  });
});
