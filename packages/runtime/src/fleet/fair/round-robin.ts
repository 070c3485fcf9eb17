/**
 * Deficit round robin over queues: a queue's turn gives it its weight as credit, each job served takes one off, and when the credit is used up
 * the queue goes to the end of the line. So queues are served in proportion to their weights, whatever their lengths. A queue whose head can't be
 * served now keeps its place and its credit, and gets no more: it is first when it can be. Within a queue strictly first in, first out. Pure.
 */

/** One queue; `weight` at least 1. */
export interface Queue<J> {
  readonly jobs: J[];
  readonly weight: number;
}

export class RoundRobin<J> {
  /** Credit left, in the order of turns; less than 1: what its last turn left over, and its next one has not come yet. */
  readonly #line: Map<Queue<J>, number> = new Map();

  /** Lets a queue that has jobs line up; one that stands in line stays where it is. */
  enter(queue: Queue<J>): void {
    if (!this.#line.has(queue)) this.#line.set(queue, 0);
  }

  /** Serves heads of queues until none can be served. `serve` takes the job, or answers false. */
  run(serve: (job: J) => boolean): void {
    // A map is walked in the order of insertion, and what is put at its end on the way is met again.
    for (const [queue, left] of this.#line) {
      const { jobs } = queue;
      let credit = left >= 1 ? left : left + queue.weight;
      while (jobs.length > 0 && credit >= 1 && serve(jobs[0]!)) {
        jobs.shift();
        credit--;
      }
      if (jobs.length > 0 && credit >= 1) this.#line.set(queue, credit);
      else {
        this.#line.delete(queue);
        if (jobs.length > 0) this.#line.set(queue, credit);
      }
    }
  }
}
