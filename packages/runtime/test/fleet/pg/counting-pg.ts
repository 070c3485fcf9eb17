/** pg with a count of its connections, from the call of connect to the end of the socket: independent of what a pool counts itself. */
import pg from "pg";

export interface CountingPg {
  readonly module: typeof pg;
  readonly open: number;
  readonly peak: number;
}

export function countingPg(): CountingPg {
  let open = 0;
  let peak = 0;
  class Client extends pg.Client {
    override connect(...given: unknown[]): never {
      peak = Math.max(peak, ++open);
      (this as unknown as { connection: NodeJS.EventEmitter }).connection.once("end", () => open--);
      return (super.connect as (...values: unknown[]) => unknown).apply(this, given) as never;
    }
  }
  return {
    module: { ...pg, Client } as unknown as typeof pg,
    get open() {
      return open;
    },
    get peak() {
      return peak;
    },
  };
}
