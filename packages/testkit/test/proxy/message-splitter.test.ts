// The splitter cuts where the protocol cuts, however the network chops the bytes.
import fc from "fast-check";
import { expect, test } from "vitest";
import { propertyRun } from "../../src/property/property-run.ts";
import { MessageSplitter } from "../../src/proxy/message-splitter.ts";

function typed(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function untyped(code: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, body]);
}

test("messages come out whole, whatever the chunks", () => {
  const message = fc.tuple(fc.constantFrom("P", "B", "E", "S", "D"), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 9 })), (list, cuts) => {
      const wire = Buffer.concat(list.map(([type, body]) => typed(type, Buffer.from(body))));
      const splitter = new MessageSplitter("backend");
      const seen: string[] = [];
      let bytes = Buffer.alloc(0);
      for (let at = 0, i = 0; at < wire.length; i++) {
        const size = cuts[i % Math.max(cuts.length, 1)] ?? 3;
        for (const part of splitter.push(wire.subarray(at, at + size))) {
          seen.push(part.type);
          bytes = Buffer.concat([bytes, part.bytes]);
        }
        at += size;
      }
      expect(seen).toEqual(list.map(([type]) => type));
      expect(bytes.equals(wire)).toBe(true);
    }),
    propertyRun(400),
  );
});

test("a client's untyped packets are named, typed messages follow the start-up packet", () => {
  const splitter = new MessageSplitter("frontend");
  const wire = Buffer.concat([
    untyped(80877103),
    untyped(196608, Buffer.from("user\0a\0\0")),
    typed("Q", Buffer.from("x\0")),
  ]);
  expect(splitter.push(wire).map((part) => part.type)).toEqual(["ssl", "startup", "Q"]);
});

test("after an encryption request the server answers one bare byte", () => {
  const splitter = new MessageSplitter("backend");
  splitter.expectOneByte();
  const parts = splitter.push(Buffer.concat([Buffer.from("N"), typed("R", Buffer.alloc(4))]));
  expect(parts.map((part) => part.type)).toEqual(["answer", "R"]);
});

test("bytes that make no sense pass opaque", () => {
  const splitter = new MessageSplitter("backend");
  expect(splitter.push(Buffer.from([1, 255, 255, 255, 255, 9])).map((part) => part.type)).toEqual(["raw"]);
});
