/**
 * Hears every byte that a tenant pool's connections receive and every token that they send, by the tenant whose turn it is.
 */
import type pg from "pg";
import type { TenantPool } from "../../src/drivers/pg/index.ts";

export interface PoolListener {
  /** Whose request runs now. */
  turn: string;
  /** Bytes received since the last call. */
  heard(): string;
  /** Hex of the tokens sent in somebody's turn. */
  readonly tokens: { turn: string; hex: string }[];
}

interface Wire {
  readonly connection: {
    readonly stream: { on(event: "data", listener: (bytes: Buffer) => void): void; write(bytes: Buffer): boolean };
  };
}

export function listenTo(pool: pg.Pool & TenantPool): PoolListener {
  let ear: Buffer[] = [];
  const listener: PoolListener = {
    turn: "",
    tokens: [],
    heard() {
      const text = Buffer.concat(ear).toString("latin1");
      ear = [];
      return text;
    },
  };
  pool.on("connect", (client) => {
    const { stream } = (client as unknown as Wire).connection;
    stream.on("data", (bytes) => ear.push(bytes));
    const write = stream.write.bind(stream);
    stream.write = (bytes) => {
      for (const [, hex] of bytes.toString("latin1").matchAll(/\\x([0-9a-f]{96,})/g))
        listener.tokens.push({ turn: listener.turn, hex: hex! });
      return write(bytes);
    };
  });
  return listener;
}
