/**
 * A connection of a fleet. Differs from the ordinary one in how it ends: half-closed, so that the server's own close says when it is gone. Must never
 * be destroyed while a limit on closing has not passed: a socket that we destroy tells nothing about the backend behind it.
 */
import { sendCancel } from "../../drivers/pg/cancel-request.ts";
import type { PgModule } from "../../drivers/pg/shapes.ts";
import type { TenantClient, TenantClientClass } from "../../drivers/pg/tenant-client.ts";
import type { ScopedQuery } from "../../drivers/pg/scoped-query.ts";
import type { TenantUsage } from "../usage/tenant-usage.ts";
import { PathLink } from "./path-link.ts";

export interface FleetClient extends TenantClient {
  readonly link: PathLink;
  /** It was destroyed without an answer of the server. */
  readonly forced: boolean;
  /** Where statements are counted, if they are. */
  usage: TenantUsage | undefined;
  /** Ends it; the event 'end' comes when the server has closed its side. */
  shut(): void;
  /** Destroys it. */
  force(error?: Error): void;
}

export type FleetClientClass = new (config: object) => FleetClient;

const counted: readonly ScopedQuery["mode"][] = ["query", "page", "copy"];

async function measured(
  usage: TenantUsage,
  { tenant, mode, parts }: ScopedQuery,
  work: Promise<unknown>,
): Promise<unknown> {
  const began = performance.now();
  try {
    const result = await work;
    usage.add("rows", tenant, rowsOf(result));
    return result;
  } finally {
    // a further page is the same statement
    usage.add("calls", tenant, mode === "page" ? 0 : (parts?.length ?? 1));
    usage.add("milliseconds", tenant, performance.now() - began);
  }
}

function rowsOf(result: unknown): number {
  if (Array.isArray(result)) return result.reduce((sum: number, each) => sum + rowsOf(each), 0);
  const { rowCount, rows } = (result ?? {}) as { rowCount?: number | null; rows?: readonly unknown[] };
  return rowCount ?? rows?.length ?? 0;
}

/** Makes the client class on top of the driver's. */
export function fleetClientClass(pg: PgModule, Client: TenantClientClass): FleetClientClass {
  return class extends Client implements FleetClient {
    override readonly link: PathLink = new PathLink();
    forced: boolean = false;
    usage: TenantUsage | undefined;

    override send(query: ScopedQuery): Promise<unknown> {
      const { usage } = this;
      // what begins, opens and ends is ours, not the tenant's
      if (usage === undefined || !counted.includes(query.mode)) return super.send(query);
      return measured(usage, query, super.send(query));
    }

    override condemn(): Promise<void> {
      return (this.link.condemned ??= sendCancel(pg, this).then(() => this.#halfClose()));
    }

    shut(): void {
      if (this.link.condemned) return;
      if (this.readyForQuery && !this._getActiveQuery()) void this.end();
      else void this.condemn();
    }

    force(error?: Error): void {
      this.forced = true;
      this.connection.stream.destroy(error);
    }

    // The server answers what it was doing, reads the end of the stream, and closes.
    #halfClose(): void {
      (this.connection.stream as unknown as { end(): void }).end();
    }
  };
}
