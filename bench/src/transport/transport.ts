/**
 * How calls reach the server: straight over loopback, or through a proxy that adds a 1 ms timer each way, which is what a network
 * between availability zones does to a chatty protocol.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { countingProxy } from "@watertight/testkit";

/** Names of the transports. */
export type TransportName = "raw" | "delay1ms";
/** All transports. */
export const transportNames: readonly TransportName[] = ["raw", "delay1ms"];

/** A way to the server. */
export interface Transport {
  readonly name: TransportName;
  through(url: string): string;
  close(): Promise<void>;
}

/** Straight to the server. */
export const rawTransport: Transport = { name: "raw", through: (url) => url, close: () => Promise.resolve() };

/** The delaying proxy in this process: its work is measured as part of the client's. */
export async function delayHere(server: { host: string; port: number }): Promise<Transport> {
  const proxy = await countingProxy(server, { delayMs: 1 });
  return { name: "delay1ms", through: (url) => proxy.url(url), close: () => proxy.stop() };
}

/** The delaying proxy in a process of its own. */
export async function delayInProcess(server: { host: string; port: number }): Promise<Transport> {
  // Beside this file, as source or as built.
  const file = fileURLToPath(new URL(`./delay-process${extname(import.meta.url)}`, import.meta.url));
  const child = fork(file, [server.host, String(server.port), "1"], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const [message] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => Promise.reject(new Error("the delaying proxy did not start"))),
  ])) as [{ port: number }];
  return {
    name: "delay1ms",
    through(databaseUrl) {
      const url = new URL(databaseUrl);
      url.hostname = "127.0.0.1";
      url.port = String(message.port);
      return url.href;
    },
    async close() {
      const gone = once(child, "exit");
      child.disconnect();
      await gone;
    },
  };
}

/** Median time of an empty statement in microseconds: what one round trip costs over this transport. */
export async function roundTripUs(transport: Transport, url: string, calls: number): Promise<number> {
  const client = new pg.Client({ connectionString: transport.through(url) });
  client.on("error", () => {});
  await client.connect();
  try {
    const times: number[] = [];
    for (let i = 0; i < calls; i++) {
      const started = performance.now();
      await client.query(";");
      times.push((performance.now() - started) * 1000);
    }
    return Math.round(times.sort((a, b) => a - b)[times.length >> 1]!);
  } finally {
    await client.end();
  }
}
