// Cuts one direction of a PostgreSQL v3 connection into messages. Pure: bytes in, messages out. Must never guess: once the
// connection turns to TLS, or bytes make no sense, everything is passed on opaque and nothing is counted.

/** One complete message as it came over the wire. */
export interface WireMessage {
  /** The type byte as a character; `startup`, `ssl`, `gss`, `cancel` for a client's untyped first packets; `raw` for opaque bytes. */
  type: string;
  bytes: Buffer;
}

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
const MAX_LENGTH = 0x3fff_ffff;

/** Splits a byte stream into messages. */
export class MessageSplitter {
  #rest: Buffer = Buffer.alloc(0);
  #state: "untyped" | "one byte" | "typed" | "opaque";

  /** A client begins with an untyped packet, a server with typed messages. */
  constructor(side: "frontend" | "backend") {
    this.#state = side === "frontend" ? "untyped" : "typed";
  }

  /** The other side asked for encryption: its answer is one byte without a header. */
  expectOneByte(): void {
    this.#state = "one byte";
  }

  /** From now on nothing can be read (TLS). */
  makeOpaque(): void {
    this.#state = "opaque";
  }

  /** Bytes of a message that is not complete yet. */
  get unfinished(): Buffer {
    return this.#rest;
  }

  /** Adds a chunk; returns the messages it completed. */
  push(chunk: Buffer): WireMessage[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: WireMessage[] = [];
    for (let message = this.#next(); message; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): WireMessage | undefined {
    if (this.#rest.length === 0) return undefined;
    if (this.#state === "opaque") return this.#take("raw", this.#rest.length);
    if (this.#state === "one byte") {
      this.#state = "typed";
      return this.#take("answer", 1);
    }
    const header = this.#state === "typed" ? 5 : 4;
    if (this.#rest.length < header) return undefined;
    const length = this.#rest.readInt32BE(header - 4);
    if (length < 4 || length > MAX_LENGTH) {
      this.#state = "opaque";
      return this.#next();
    }
    const total = length + header - 4;
    if (this.#rest.length < total) return undefined;
    if (this.#state === "typed") return this.#take(String.fromCharCode(this.#rest.readUInt8(0)), total);
    return this.#take(this.#untypedName(length), total);
  }

  // After an encryption request the client sends another untyped packet; after the start-up packet only typed ones.
  #untypedName(length: number): string {
    const code = length >= 8 && this.#rest.length >= 8 ? this.#rest.readInt32BE(4) : 0;
    if (code === SSL_REQUEST) return "ssl";
    if (code === GSS_REQUEST) return "gss";
    if (code === CANCEL_REQUEST) return "cancel";
    this.#state = "typed";
    return "startup";
  }

  #take(type: string, length: number): WireMessage {
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return { type, bytes };
  }
}
