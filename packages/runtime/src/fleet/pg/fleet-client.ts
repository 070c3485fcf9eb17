/**
 * A connection of a fleet. Differs from the ordinary one in how it ends: half-closed, so that the server's own close says when it is gone. Must never
 * be destroyed while a limit on closing has not passed: a socket that we destroy tells nothing about the backend behind it.
 */
import { sendCancel } from "../../drivers/pg/cancel-request.ts";
import type { PgModule } from "../../drivers/pg/shapes.ts";
import type { TenantClient, TenantClientClass } from "../../drivers/pg/tenant-client.ts";
import { PathLink } from "./path-link.ts";

export interface FleetClient extends TenantClient {
  readonly link: PathLink;
  /** It was destroyed without an answer of the server. */
  readonly forced: boolean;
  /** Ends it; the event 'end' comes when the server has closed its side. */
  shut(): void;
  /** Destroys it. */
  force(error?: Error): void;
}

export type FleetClientClass = new (config: object) => FleetClient;

/** Makes the client class on top of the driver's. */
export function fleetClientClass(pg: PgModule, Client: TenantClientClass): FleetClientClass {
  return class extends Client implements FleetClient {
    override readonly link: PathLink = new PathLink();
    forced: boolean = false;

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
