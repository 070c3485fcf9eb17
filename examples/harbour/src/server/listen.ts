// Listens on loopback, on the first of the wanted ports that is free.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";

interface Listening {
  url: string;
  close(): Promise<void>;
}

export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  ports: readonly number[],
): Promise<Listening> {
  for (const [attempt, port] of ports.entries()) {
    const server = serve({ fetch, port, hostname: "127.0.0.1" });
    try {
      await once(server, "listening");
    } catch (error) {
      if ((error as { code?: string }).code === "EADDRINUSE" && attempt < ports.length - 1) continue;
      throw error;
    }
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: async () => {
        const closed = once(server, "close");
        server.close();
        // keep-alive connections would hold the server open for seconds
        if ("closeAllConnections" in server) server.closeAllConnections();
        await closed;
      },
    };
  }
  throw new Error("no port was given");
}
