/**
 * Writes extended-protocol messages into one buffer, so that a whole scoped pipeline is built before a byte is sent
 * and leaves in a single write. A value that can't be serialised throws here and the connection stays untouched.
 * Never the simple protocol: it accepts stacked statements.
 */

/** What a bind value may become: text, binary, or NULL. */
export type WireValue = string | Uint8Array | null | undefined;

const smallest = 4096;
const largestKept = 1 << 20;

/**
 * Collects messages; `take` hands them out as one buffer and starts afresh. One writer may serve all connections of a
 * process, because a pipeline is built synchronously.
 */
export class MessageWriter {
  #buffer: Buffer = Buffer.allocUnsafe(smallest);
  #end: number = 0;

  /** Parse: `name` '' is the unnamed statement; `types` are parameter type OIDs, 0 for "find out". */
  parse(name: string, text: string, types: readonly number[] = []): this {
    const start = this.#open(0x50);
    this.#cstring(name);
    this.#cstring(text);
    this.#int16(types.length);
    for (const type of types) this.#int32(type);
    return this.#close(start);
  }

  /** Bind: bytes travel in binary format, everything else as text; results in `binary` or text format. */
  bind(
    portal: string,
    statement: string,
    values: readonly unknown[] | undefined,
    map: (value: unknown) => WireValue,
    binary: boolean = false,
  ): this {
    const start = this.#open(0x42);
    this.#cstring(portal);
    this.#cstring(statement);
    const count = values?.length ?? 0;
    this.#int16(count);
    let format = this.#end;
    this.#ensure(count * 2 + 2);
    this.#buffer.fill(0, format, format + count * 2);
    this.#end += count * 2;
    this.#int16(count);
    for (let i = 0; i < count; i++) {
      const value = map(values?.[i]);
      if (value === null || value === undefined) this.#int32(-1);
      else if (typeof value === "string") this.#text(value);
      else {
        this.#int32(value.length);
        this.#ensure(value.length);
        this.#buffer.set(value, this.#end);
        this.#end += value.length;
        this.#buffer[format + 1] = 1;
      }
      format += 2;
    }
    // One result format for all columns.
    this.#int32(binary ? 0x10001 : 0x10000);
    return this.#close(start);
  }

  /** Describe a portal. */
  describePortal(portal: string): this {
    return this.message("D", `P${portal}`);
  }

  /** Execute a portal; `maxRows` 0 means all. */
  execute(portal: string, maxRows: number = 0): this {
    const start = this.#open(0x45);
    this.#cstring(portal);
    this.#int32(maxRows);
    return this.#close(start);
  }

  /** Close a statement ('S') or portal ('P'); closing what does not exist is no error. */
  closeObject(kind: "S" | "P", name: string): this {
    return this.message("C", kind + name);
  }

  /** An unnamed statement without parameters and without a result description. */
  run(text: string): this {
    return this.parse("", text).bind("", "", undefined, passThrough).execute("");
  }

  /** Bytes made before. */
  raw(bytes: Uint8Array): this {
    this.#ensure(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
    return this;
  }

  /** Sync: the end of the implicit transaction. */
  sync(): this {
    return this.message("S");
  }

  /** Any other message: a type, and a C string (f, CopyFail), bytes (d, CopyData) or nothing (H Flush, c CopyDone) behind it. */
  message(type: string, body?: string | Uint8Array): this {
    const start = this.#open(type.charCodeAt(0));
    if (typeof body === "string") this.#cstring(body);
    else if (body) this.raw(body);
    return this.#close(start);
  }

  /** The bytes collected so far, as a copy of their own. */
  take(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#end);
    this.#buffer.copy(bytes, 0, 0, this.#end);
    this.reset();
    return bytes;
  }

  /** Forgets what was collected: after a value could not be serialised. */
  reset(): void {
    this.#end = 0;
    // One huge value must not pin its memory for ever.
    if (this.#buffer.length > largestKept) this.#buffer = Buffer.allocUnsafe(smallest);
  }

  #open(type: number): number {
    this.#ensure(5);
    this.#buffer[this.#end] = type;
    const start = this.#end + 1;
    this.#end += 5;
    return start;
  }

  #close(start: number): this {
    this.#buffer.writeInt32BE(this.#end - start, start);
    return this;
  }

  #ensure(size: number): void {
    const needed = this.#end + size;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }

  #int16(value: number): void {
    this.#ensure(2);
    this.#end = this.#buffer.writeUInt16BE(value, this.#end);
  }

  #int32(value: number): void {
    this.#ensure(4);
    this.#end = this.#buffer.writeInt32BE(value | 0, this.#end);
  }

  #cstring(value: string): void {
    this.#ensure(value.length * 3 + 1);
    if (value !== "") this.#end += this.#buffer.write(value, this.#end);
    this.#buffer[this.#end++] = 0;
  }

  #text(value: string): void {
    this.#ensure(value.length * 3 + 4);
    const length = this.#buffer.write(value, this.#end + 4);
    this.#buffer.writeInt32BE(length, this.#end);
    this.#end += 4 + length;
  }
}

/** The mapper for values that are text or bytes already. */
export function passThrough(value: unknown): WireValue {
  return value as WireValue;
}
