/** A step that has to wait for a time that is far away: the operation lies down until then and holds no lease. Not a failure. */

/** Thrown by a step: call me again at that time. */
export class Pause extends Error {
  readonly until: Date;

  constructor(until: Date) {
    super(`waits until ${until.toISOString()}`);
    this.name = "Pause";
    this.until = until;
  }
}
