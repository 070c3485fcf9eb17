// One client connection through the proxy: two sockets, two splitters. Complete messages are passed on as they come; everything
// complete in one chunk leaves in one write, so that the proxy does not invent packets. Must never keep one side open when the
// other one is gone, except when told to stall.
import { connect, type Socket } from "node:net";
import type { Fault, Faults } from "./faults.ts";
import { MessageSplitter } from "./message-splitter.ts";
import { countMessage, type Traffic } from "./traffic.ts";

type Side = Fault["side"];

/** What a connection needs from its proxy. */
export interface ProxyState {
  target: { host: string; port: number };
  delayMs: number;
  /** Replaced at a reset: read it anew at each message. */
  traffic: Traffic;
  faults: Faults;
}

/** A proxied connection. */
export class ProxiedConnection {
  readonly #state: ProxyState;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #splitters: Record<Side, MessageSplitter> = {
    frontend: new MessageSplitter("frontend"),
    backend: new MessageSplitter("backend"),
  };
  #serverSpokeLast = true;
  #stalled = false;

  constructor(client: Socket, state: ProxyState) {
    this.#state = state;
    this.#client = client;
    this.#server = connect({ ...state.target, noDelay: true });
    client.setNoDelay(true);
    this.#pump("frontend", client, this.#server);
    this.#pump("backend", this.#server, client);
  }

  /** Cuts both sides. */
  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #pump(side: Side, from: Socket, to: Socket): void {
    from.on("data", (chunk) => {
      if (this.#stalled) return;
      this.#countChunk(side);
      const passed = this.#pass(side, chunk);
      if (passed.length > 0) this.#later(() => to.write(passed));
    });
    from.on("error", () => this.#unlessStalled(() => to.destroy()));
    from.on("close", () => this.#unlessStalled(() => this.#later(() => to.end())));
    from.on("end", () => this.#unlessStalled(() => this.#later(() => to.end())));
  }

  #countChunk(side: Side): void {
    if (side === "backend") {
      this.#serverSpokeLast = true;
      return;
    }
    const { traffic } = this.#state;
    traffic.writes++;
    if (this.#serverSpokeLast) traffic.roundTrips++;
    this.#serverSpokeLast = false;
  }

  #pass(side: Side, chunk: Buffer): Buffer {
    const passed: Buffer[] = [];
    for (const { type, bytes } of this.#splitters[side].push(chunk)) {
      countMessage(this.#state.traffic, side, type);
      this.#followEncryption(side, type, bytes);
      const fault = this.#state.faults.at(side, type);
      if (!fault) {
        passed.push(bytes);
        continue;
      }
      if (fault.passes === "all") passed.push(bytes);
      if (fault.passes === "half") passed.push(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      this.#strike(side, fault.action, Buffer.concat(passed));
      return Buffer.alloc(0);
    }
    return Buffer.concat(passed);
  }

  // SSLRequest and GSSENCRequest are answered by one bare byte; `S` or `G` means that what follows is encrypted.
  #followEncryption(side: Side, type: string, bytes: Buffer): void {
    if (side === "frontend" && (type === "ssl" || type === "gss")) this.#splitters.backend.expectOneByte();
    if (side === "backend" && type === "answer" && bytes.toString("latin1") !== "N") {
      this.#splitters.frontend.makeOpaque();
      this.#splitters.backend.makeOpaque();
    }
  }

  // Bytes in front of the fault must arrive before it, or the test would see a different fault than it asked for.
  #strike(side: Side, action: Fault["action"], before: Buffer): void {
    const to = side === "frontend" ? this.#server : this.#client;
    this.#stalled = true;
    const act = (): void => {
      if (action === "stall") return;
      if (action === "drop") {
        this.#client.end();
        this.#server.end();
        return;
      }
      this.#client.resetAndDestroy();
      this.#server.resetAndDestroy();
    };
    this.#later(() => {
      if (before.length > 0) to.write(before, () => act());
      else act();
    });
  }

  #unlessStalled(work: () => void): void {
    if (!this.#stalled) work();
  }

  #later(work: () => void): void {
    if (this.#state.delayMs > 0) setTimeout(work, this.#state.delayMs);
    else work();
  }
}
