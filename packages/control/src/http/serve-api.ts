/** Serves the API on a socket. On loopback by default: whoever wants more puts TLS in front of it. */
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";

/** A served API. */
export interface ServedApi {
  readonly url: string;
  /** Ends after the requests that run; streams are cut. */
  close(): Promise<void>;
}

/** Where to serve. */
export interface ServeOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 7070; 0 takes a free one. */
  readonly port?: number;
}

/** Starts to serve. @throws the system's error, for example EADDRINUSE */
export async function serveApi(
  api: { readonly fetch: (request: Request) => Response | Promise<Response> },
  { host = "127.0.0.1", port = 7070 }: ServeOptions = {},
): Promise<ServedApi> {
  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const made = serve({ fetch: api.fetch, hostname: host, port }, () => resolve(made));
    made.once("error", reject);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        setTimeout(() => (server as { closeAllConnections?: () => void }).closeAllConnections?.(), 1000).unref();
      }),
  };
}
