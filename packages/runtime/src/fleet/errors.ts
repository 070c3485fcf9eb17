/** The refusal of a call that would have to wait too long. */
import { DatabaseError, type ErrorDetails } from "../errors/errors.ts";

/** A tenant's queue is full, or a call waited in it too long; nothing was sent. Answer 429 or 503 with Retry-After. */
export class QueueError extends DatabaseError {
  /** When to come back, in milliseconds: a guess from what is served now. */
  readonly retryAfterMs: number;

  constructor(code: "WT_QUEUE_FULL" | "WT_QUEUE_TIMEOUT", retryAfterMs: number, details?: ErrorDetails) {
    super(code, details);
    this.retryAfterMs = retryAfterMs;
  }
}
