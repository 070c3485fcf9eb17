// `tenants advise` on the command line: one document, text with sources, and no database anywhere.
import { expect, test } from "vitest";
import { capture } from "./support/capture.ts";

test("the document ranks all four, the text cites where figures stand", async () => {
  const answer = await capture(["tenants", "advise", "--tenants", "400", "--own-backups", "--json"]);
  expect([answer.exitCode, answer.json()["command"]]).toEqual([0, "tenants advise"]);
  expect(answer.json()["ranking"].map(({ model }: { model: string }) => model)).toHaveLength(4);
  expect(answer.json()["ranking"][0]).toMatchObject({ model: "schema", fits: true });
  const text = (await capture(["tenants", "advise", "--tenants", "400", "--own-keys"])).out;
  expect(text).toMatch(/^1\. database +fits best/);
  expect(text).toContain("; docs/control.md]");
});

test.each([["--tenants", "none"], ["--tenants", "0"], ["--tenants", "3", "--groups", "4"], []])(
  "%j is wrong usage",
  async (...flags) => expect((await capture(["tenants", "advise", ...flags])).exitCode).toBe(2),
);
