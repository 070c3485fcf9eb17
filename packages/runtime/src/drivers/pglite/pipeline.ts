/**
 * The bytes of one call: role, reset, context, statements, Sync, in one message block and so in one implicit
 * transaction. Pure. Every statement is unnamed and goes through the extended protocol, which takes one statement.
 */
import { MessageWriter, passThrough } from "../../scope/wire.ts";
import { bindValue } from "./bind-value.ts";

/** One statement with its values. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
  /** Parameter type OIDs; their values go through the serialisers that PGlite has for them. */
  readonly paramTypes?: readonly number[] | undefined;
}

/** Turns a value of a declared type into text. */
export type Serializers = Record<number | string, ((value: never) => string) | undefined>;

/**
 * @param before statements of ours whose values are text already
 * @param statements of the caller
 */
export function writePipeline(
  before: readonly Statement[],
  statements: readonly Statement[],
  serializers: Serializers,
): Uint8Array {
  const writer = new MessageWriter();
  for (const { text, values } of before) writer.parse("", text).bind("", "", values, passThrough).execute("");
  for (const { text, values, paramTypes } of statements) {
    let at = 0;
    writer
      .parse("", text, paramTypes)
      .bind("", "", values, (value) => {
        const serialize = serializers[paramTypes?.[at++] ?? ""];
        return serialize === undefined || value === null || value === undefined
          ? bindValue(value)
          : serialize(value as never);
      })
      .describePortal("")
      .execute("");
  }
  return writer.sync().take();
}
