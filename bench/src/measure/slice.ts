/**
 * The smallest unit of measuring: one target, one case, some milliseconds. Slices of all variants take turns, so that whatever the
 * machine does in between hits all of them. Must keep everything that is not a call out of the timed part.
 */
import type { CaseName } from "../data/cases.ts";
import { cases } from "../data/cases.ts";
import type { Caller } from "../data/tables.ts";
import type { Target } from "../drivers/target.ts";
import { type CpuReader, waitedUs } from "./server-cpu.ts";

/** A target with what is needed to time it. */
export interface Lane {
  readonly target: Target;
  readonly callers: readonly Caller[];
  /** Backends of the target's connections. */
  pids: readonly number[];
  cpu: CpuReader;
  /** Numbers the calls, so that no two slices ask for the same rows in the same order. */
  next: number;
}

/** What one slice found. */
export interface Slice {
  /** Microseconds of each call. */
  readonly times: number[];
  readonly calls: number;
  readonly elapsedUs: number;
  /** CPU of all backends together, in microseconds. */
  readonly cpuUs: number | null;
  /** Share of the slice that our side waited for a processor, 0 where that is unknown. */
  readonly waited: number;
}

// The first calls of a slice find other variants' data in the caches; they are made, but not counted as latencies.
const cold = 3;

/** Runs calls on all connections for about `ms`, at least one call each. */
export async function runSlice(lane: Lane, name: CaseName, ms: number): Promise<Slice> {
  const { target, callers } = lane;
  const expected = cases[name].rows;
  const width = target.connections;
  const times: number[] = [];
  let calls = 0;
  const cpuBefore = lane.cpu(lane.pids);
  const waitBefore = waitedUs(lane.pids);
  const started = performance.now();
  const end = started + ms;
  const worker = async (index: number): Promise<void> => {
    const caller = callers[index]!;
    let now = performance.now();
    for (let mine = 0; ; mine++) {
      const rows = await target.call(name, caller, lane.next++);
      if (rows !== expected)
        throw new Error(`${target.driver} ${target.variant} ${name}: ${rows} rows instead of ${expected}`);
      calls++;
      const after = performance.now();
      if (mine >= cold || after >= end) times.push((after - now) * 1000);
      if (after >= end) return;
      now = after;
    }
  };
  if (width === 1) await worker(0);
  else await Promise.all(Array.from({ length: width }, (_, index) => worker(index)));
  const elapsedUs = (performance.now() - started) * 1000;
  const cpuAfter = lane.cpu(lane.pids);
  const waited = waitBefore === null ? 0 : (waitedUs(lane.pids)! - waitBefore) / elapsedUs;
  return {
    times,
    calls,
    elapsedUs,
    cpuUs: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
    waited,
  };
}

/** Uses every connection often enough that its statements have their final plan (PostgreSQL decides at the sixth execution). */
export async function warmUp(lane: Lane, name: CaseName, rounds: number = 7): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const width = lane.target.connections;
    await Promise.all(
      Array.from({ length: width }, (_, index) => lane.target.call(name, lane.callers[index]!, lane.next++)),
    );
  }
}
