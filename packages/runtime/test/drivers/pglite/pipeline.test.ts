/** The bytes of a call, byte for byte, and how its answer is read. No I/O. */
import { expect, test } from "vitest";
import { readAnswer } from "../../../src/drivers/pglite/answers.ts";
import { bindValue } from "../../../src/drivers/pglite/bind-value.ts";
import { writePipeline } from "../../../src/drivers/pglite/pipeline.ts";

// Type, length and body of each message, for people.
function read(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  const messages: string[] = [];
  for (let at = 0; at < buffer.length;) {
    const length = buffer.readInt32BE(at + 1);
    messages.push(
      `${String.fromCharCode(buffer[at] as number)} ${buffer
        .subarray(at + 5, at + 1 + length)
        .toString("latin1")
        .replaceAll("\0", ".")}`,
    );
    at += 1 + length;
  }
  return messages;
}

test("the golden bytes of the smallest pipeline", () => {
  const bytes = writePipeline([], [{ text: "select $1", values: ["é"] }], {});
  expect(Buffer.from(bytes).toString("hex")).toBe(
    [
      "50" + "00000011" + "00" + "73656c65637420243100" + "0000", // Parse '' 'select $1', no types
      "42" + "00000016" + "00" + "00" + "00010000" + "0001" + "00000002c3a9" + "00010000", // Bind '' '', one text value, text results
      "44" + "00000006" + "50" + "00", // Describe portal ''
      "45" + "00000009" + "00" + "00000000", // Execute '', all rows
      "53" + "00000004", // Sync
    ].join(""),
  );
});

test("ours go in front without Describe; exactly one Sync, at the end; declared types are sent", () => {
  const messages = read(
    writePipeline(
      [{ text: "reset all" }, { text: "select open($1)", values: ["token"] }],
      [{ text: "select 1" }, { text: "select $1", values: [5], paramTypes: [23] }],
      { 23: (value: never) => `<${String(value)}>` },
    ),
  );
  expect(messages.map((message) => message[0]).join("")).toBe("PBEPBEPBDEPBDES");
  expect(messages[0]).toBe("P .reset all...");
  expect(messages[10]).toBe("P .select $1..\u0001...\u0017");
  expect(messages[11]).toContain("<5>");
});

test("bytes travel as binary, NULL as length -1", () => {
  const bytes = Buffer.from(writePipeline([], [{ text: "x", values: [new Uint8Array([7]), null] }], {})).toString(
    "hex",
  );
  expect(bytes).toContain("0002" + "0001" + "0000" + "0002" + "00000001" + "07" + "ffffffff");
});

test("values by JavaScript type", () => {
  expect(
    [null, undefined, 1, 2n, true, "x", new Date(0), { a: 1 }, [1, [2, null], 'a"\\'], [{ a: 1 }]].map(bindValue),
  ).toEqual([
    null,
    null,
    "1",
    "2",
    "true",
    "x",
    "1970-01-01T00:00:00.000Z",
    '{"a":1}',
    '{"1",{"2",NULL},"a\\"\\\\"}',
    '{"{\\"a\\":1}"}',
  ]);
});

test("answers: ours are skipped, the first error counts, the status is the last one's", () => {
  const done = (text: string) => ({ name: "commandComplete", text });
  const answer = readAnswer(
    [
      { name: "rowDescription", fields: [{ name: "open", dataTypeID: 25 }] },
      { name: "dataRow", fields: ["secret"] },
      done("SELECT 1"),
      { name: "rowDescription", fields: [{ name: "a", dataTypeID: 23 }] },
      { name: "dataRow", fields: ["7"] },
      { name: "dataRow", fields: [null] },
      done("INSERT 0 2"),
      done("CREATE TABLE"),
      { name: "error" },
      { name: "error", text: "second" },
      { name: "readyForQuery", status: "E" },
    ],
    1,
    { 23: Number },
  );
  expect(answer).toEqual({
    results: [
      {
        rows: [{ a: 7 }, { a: null }],
        fields: [{ name: "a", dataTypeID: 23 }],
        command: "INSERT",
        rowCount: 2,
        affectedRows: 2,
      },
      { rows: [], fields: [], command: "CREATE TABLE" },
    ],
    error: { name: "error" },
    status: "E",
  });
});
