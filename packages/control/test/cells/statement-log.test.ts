/** When the provisioner's statements are written down: always before they can take effect, and not more often than that asks for. */
import { expect, test } from "vitest";
import { loggedSession } from "../../src/cells/statement-log.ts";

/** What happened, in order: statements as they are sent, `written` where the log is on the disk. */
async function order(statements: readonly string[]): Promise<string[]> {
  const seen: string[] = [];
  const noted: unknown[] = [];
  const context = {
    operation: { id: "op_1" },
    note: (entry: unknown) => noted.push(entry),
    confirm: async () => void seen.push("written"),
  };
  const client = { query: async (text: string) => (seen.push(text), { rows: [] }) };
  const { session, flush } = loggedSession(context as never, "eu-1", undefined, client);
  for (const statement of statements) await session.query(statement);
  flush();
  const told = noted.flatMap((entry) => (entry as { detail: { statements: string[] } }).detail.statements);
  expect(told).toEqual(statements);
  return seen;
}

test.each<[name: string, statements: string[], seen: string[]]>([
  ["what only reads", ["select 1", "show x"], ["select 1", "show x"]],
  ["a change, before it is sent", ["select 1", "create role a"], ["select 1", "written", "create role a"]],
  [
    "a transaction, before its COMMIT",
    ["begin", "delete from a", "insert into a select 1", "commit", "select 1"],
    ["begin", "delete from a", "insert into a select 1", "written", "commit", "select 1"],
  ],
  [
    "a transaction that is taken back, not at all",
    ["begin", "delete from a", "do $x$ begin end $x$", "rollback", "select 1"],
    ["begin", "delete from a", "do $x$ begin end $x$", "rollback", "select 1"],
  ],
  [
    "a COMMIT behind something else",
    ["begin", "delete from a", "select 1; /* x */ commit", "select 2", "drop table a"],
    ["begin", "delete from a", "written", "select 1; /* x */ commit", "select 2", "written", "drop table a"],
  ],
  ["a whole transaction in one message", ["begin; delete from a; commit"], ["written", "begin; delete from a; commit"]],
  ["a block outside of a transaction", ["do $x$ begin end $x$"], ["written", "do $x$ begin end $x$"]],
])("%s", async (_, statements, seen) => {
  expect(await order(statements)).toEqual(seen);
});
