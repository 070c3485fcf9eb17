// What the proxy counts. Pure bookkeeping. A round trip is a burst of the client that follows data of the server on the same
// connection (or opens it): that is what a network delay multiplies.

/** Counts since the proxy started or was last reset, over all its connections. */
export interface Traffic {
  roundTrips: number;
  /** Chunks received from clients. One small socket write is one chunk; a write over about 64 kB may show as several. */
  writes: number;
  /** Frontend Sync messages. */
  syncs: number;
  /** Connections accepted. */
  connections: number;
  /** Messages from clients by type: `P` Parse, `B` Bind, `D` Describe, `E` Execute, `S` Sync, `Q` Query, `X` Terminate, … */
  frontend: Record<string, number>;
  /** Messages from the server by type: `1` ParseComplete, `2` BindComplete, `T`, `D`, `C`, `Z`, `E`, … */
  backend: Record<string, number>;
  /** The messages in the order in which the proxy saw them, `F:P` or `B:1`; the first {@link TRACE_LIMIT}. */
  trace: string[];
}

/** Longest trace kept. */
export const TRACE_LIMIT = 10_000;

/** A zeroed set of counters. */
export function noTraffic(): Traffic {
  return { roundTrips: 0, writes: 0, syncs: 0, connections: 0, frontend: {}, backend: {}, trace: [] };
}

/** Notes one message. */
export function countMessage(traffic: Traffic, side: "frontend" | "backend", type: string): void {
  const counts = traffic[side];
  counts[type] = (counts[type] ?? 0) + 1;
  if (side === "frontend" && type === "S") traffic.syncs++;
  if (traffic.trace.length < TRACE_LIMIT) traffic.trace.push(`${side === "frontend" ? "F" : "B"}:${type}`);
}
