// A TCP proxy in front of PostgreSQL that counts round trips and messages, delays them, and breaks connections on demand.
// The figure "exactly one round trip" is asserted with it. Must never change a byte that passes.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Faults, type ArmedFault, type Fault } from "./faults.ts";
import { ProxiedConnection, type ProxyState } from "./proxied-connection.ts";
import { noTraffic, type Traffic } from "./traffic.ts";

/** Options of {@link countingProxy}. */
export interface CountingProxyOptions {
  /** Added to each direction, by a timer (about 0.3 ms is lost to the timer on top). */
  delayMs?: number;
}

/** A running proxy. */
export interface CountingProxy extends Readonly<Traffic> {
  host: string;
  port: number;
  /** Milliseconds added each way; may be changed at any time. */
  delayMs: number;
  /** The same URL, through the proxy. */
  url(databaseUrl: string): string;
  /** Sets all counters to 0. Connections stay open. */
  reset(): void;
  /** A copy of the counters. */
  snapshot(): Traffic;
  /** Arms a fault. */
  fault(fault: Fault): ArmedFault;
  /** Cuts all connections and closes the port. */
  stop(): Promise<void>;
}

/**
 * Starts a proxy on a free port of 127.0.0.1.
 * @example
 * const proxy = await countingProxy(server);
 * const client = new pg.Client({ connectionString: proxy.url(db.appUrl) });
 * await client.connect(); proxy.reset(); await client.query("select 1");
 * expect(proxy.roundTrips).toBe(1);
 */
export async function countingProxy(
  target: { host: string; port: number },
  options: CountingProxyOptions = {},
): Promise<CountingProxy> {
  const state: ProxyState = {
    target: { host: target.host, port: target.port },
    delayMs: options.delayMs ?? 0,
    traffic: noTraffic(),
    faults: new Faults(),
  };
  const open = new Set<ProxiedConnection>();
  const listener = createServer({ noDelay: true }, (socket: Socket) => {
    state.traffic.connections++;
    const connection = new ProxiedConnection(socket, state);
    open.add(connection);
    socket.on("close", () => open.delete(connection));
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    host: "127.0.0.1",
    port: address.port,
    get delayMs(): number {
      return state.delayMs;
    },
    set delayMs(value: number) {
      state.delayMs = value;
    },
    get roundTrips(): number {
      return state.traffic.roundTrips;
    },
    get writes(): number {
      return state.traffic.writes;
    },
    get syncs(): number {
      return state.traffic.syncs;
    },
    get connections(): number {
      return state.traffic.connections;
    },
    get frontend(): Record<string, number> {
      return state.traffic.frontend;
    },
    get backend(): Record<string, number> {
      return state.traffic.backend;
    },
    get trace(): string[] {
      return state.traffic.trace;
    },
    url(databaseUrl) {
      const url = new URL(databaseUrl);
      url.hostname = "127.0.0.1";
      url.port = String(address.port);
      return url.href;
    },
    reset() {
      state.traffic = noTraffic();
    },
    snapshot: () => structuredClone(state.traffic),
    fault: (fault) => state.faults.arm(fault),
    async stop() {
      for (const connection of open) connection.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}
