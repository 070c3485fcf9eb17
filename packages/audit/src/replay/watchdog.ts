/**
 * Ends a statement that takes too long, writes too much or answers without end: first asks, then ends its connection, then its process.
 * It watches from outside, because SET statement_timeout = 0 and EXCEPTION WHEN query_canceled are one line each.
 */
import { folderBytes } from "./folder-bytes.ts";
import type { Limits } from "./limits.ts";
import type { Sandbox } from "./sandbox.ts";
import type { Session } from "./session.ts";

const LOOK_MS = 100;
/** What a statement gets to obey a cancellation, and its connection to end. */
const GRACE_MS = 1_000;
/** Between two looks at the disk. */
const DISK_MS = 500;

/** Watches over statements, one at a time. */
export interface Watchdog {
  /** Runs `work`, which is one statement on `session`; the reason is set when it had to be ended. */
  guard<T>(session: Session, work: () => Promise<T>): Promise<{ readonly result: T; readonly reason: string | null }>;
  /** Why nothing more may run: time or disk are used up, or the caller gave up. */
  exhausted(): string | null;
}

/** A watchdog for one replay. */
export function watchdog(sandbox: Sandbox, limits: Limits, signal: AbortSignal | undefined): Watchdog {
  const started = performance.now();
  const empty = folderBytes(sandbox.dataFolder);
  let measured = started;
  /** Looking must not cost more than a twentieth of the time. */
  let pause = DISK_MS;
  let full = false;
  const megabytes = `${Math.round(limits.diskBytes / 1024 ** 2)} MB`;
  const seconds = (ms: number): string => `${ms / 1000} s`;

  function disk(now: number): boolean {
    if (!full && now - measured > pause) {
      const begin = performance.now();
      full = folderBytes(sandbox.dataFolder) - empty > limits.diskBytes;
      measured = performance.now();
      pause = Math.max(DISK_MS, 20 * (measured - begin));
    }
    return full;
  }

  return {
    exhausted() {
      if (signal?.aborted === true) return "the replay was interrupted";
      if (full) return `the statements before wrote more than ${megabytes}`;
      if (performance.now() - started > limits.totalMs)
        return `the statements before took more than ${seconds(limits.totalMs)} in total`;
      return null;
    },
    async guard<T>(session: Session, work: () => Promise<T>) {
      const begin = performance.now();
      const received = session.received;
      let reason: string | null = null;
      let stage = 0;
      let next = 0;
      const why = (now: number): string | null => {
        if (now - begin > limits.statementMs) return `it ran for more than ${seconds(limits.statementMs)}`;
        if (now - started > limits.totalMs) return `all statements together took more than ${seconds(limits.totalMs)}`;
        if (session.received - received > limits.answerBytes) return "it answers without end";
        if (signal?.aborted === true) return "the replay was interrupted";
        return disk(now) ? `it wrote more than ${megabytes}` : null;
      };
      const look = async (): Promise<void> => {
        const now = performance.now();
        reason ??= why(now);
        if (reason === null || now < next) return;
        next = now + GRACE_MS;
        await end(sandbox, session, stage++);
      };
      let running: Promise<void> | undefined;
      const timer = setInterval(() => {
        running ??= look()
          .catch(() => {})
          .finally(() => (running = undefined));
      }, LOOK_MS);
      let result: T;
      try {
        result = await work();
      } finally {
        clearInterval(timer);
        await running;
      }
      if (stage > 0) await settle(session);
      if (performance.now() - measured > DISK_MS * 4) disk(performance.now());
      return { result, reason };
    },
  };
}

/** A cancellation that came late must not hit the next statement. */
async function settle(session: Session): Promise<void> {
  for (let attempt = 0; attempt < 5 && session.status() !== undefined; attempt++) {
    const code = await session.own("select 1").then(
      () => undefined,
      (error: { code?: string }) => error.code,
    );
    if (code !== "57014") return;
  }
}

/** Asks, insists, and at last uses force; force takes the whole server down, which then starts again by itself. */
async function end(sandbox: Sandbox, session: Session, stage: number): Promise<void> {
  if (stage === 0) await sandbox.admin("select pg_catalog.pg_cancel_backend($1)", [session.pid]);
  else if (stage === 1) await sandbox.admin("select pg_catalog.pg_terminate_backend($1)", [session.pid]);
  else {
    try {
      process.kill(session.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
    session.destroy();
  }
}
