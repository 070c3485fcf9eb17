// The application on a port, over whatever access it is given, with the logs of its requests. What the access opened it closes.
import type { Activity } from "../app/activity.ts";
import { createApp } from "../app/app.ts";
import { createAuthority } from "../app/identity.ts";
import type { TokenAuthority } from "../app/identity.ts";
import type { Parts } from "../app/parts.ts";
import { startRunner } from "../app/runner.ts";
import { shippedParts } from "../app/shipped-parts.ts";
import type { Pools } from "../app/shipped-parts.ts";
import { listen } from "./listen.ts";

export interface Harbour {
  readonly url: string;
  readonly authority: TokenAuthority;
  activityOf(requestId: string): Activity | undefined;
  /** What GET / shows. */
  page: () => Promise<string>;
  close(): Promise<void>;
}

/** How the application reaches its data. */
export interface Access extends Pools {
  end(): Promise<unknown>;
}

const KEPT_ACTIVITIES = 2000;

/** `change`: what a hole makes of the shipped parts. */
export async function serveHarbour(
  access: Access,
  ports: readonly number[] = [0],
  change: (parts: Parts) => Parts = (parts) => parts,
): Promise<Harbour> {
  try {
    const authority = await createAuthority();
    const parts = change(shippedParts(authority, access));
    const runner = startRunner();
    const activities = new Map<string, Activity>();
    const log = (activity: Activity): void => {
      activities.set(activity.requestId, activity);
      if (activities.size > KEPT_ACTIVITIES) activities.delete(activities.keys().next().value!);
    };
    const harbour = { page: async (): Promise<string> => "<title>Harbour</title>" };
    const app = createApp({ parts, runner, log, indexPage: () => harbour.page() });
    const server = await listen(app.fetch, ports);
    return Object.assign(harbour, {
      url: server.url,
      authority,
      activityOf: (requestId: string) => activities.get(requestId),
      close: async () => {
        await server.close();
        await runner.stop();
        await access.end();
      },
    });
  } catch (error) {
    await access.end();
    throw error;
  }
}
