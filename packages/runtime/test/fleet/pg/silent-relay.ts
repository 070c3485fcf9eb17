/** A relay to a server that can fall silent: it keeps both sides open and passes nothing on, not even an end. What a lost network looks like. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface SilentRelay {
  readonly port: number;
  silent: boolean;
  stop(): void;
}

export async function silentRelay(target: { host: string; port: number }): Promise<SilentRelay> {
  const sockets = new Set<Socket>();
  const relay = { port: 0, silent: false, stop: (): void => {} };
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ ...target, allowHalfOpen: true, noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk) => relay.silent || to.write(chunk));
      from.on("end", () => relay.silent || to.end());
      from.on("error", () => to.destroy());
    }
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  relay.port = (listener.address() as AddressInfo).port;
  relay.stop = () => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  };
  return relay;
}
