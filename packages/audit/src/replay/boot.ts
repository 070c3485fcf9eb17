/**
 * A server for a replay that starts while this process does other work: booting takes a second of another process; so do loading our own code
 * and parsing. Must never be left running: whoever starts one closes it, whether it was ever waited for or not.
 */
import { EMBEDDED_VERSION } from "@watertight/embedded";
import { openSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";

/** A server on its way. */
export interface Boot {
  /** @throws EmbeddedError when it can't be started */
  ready(): Promise<Sandbox>;
  /** Stops it, also while it starts; a second call does nothing. */
  close(): Promise<void>;
}

function begin(options: SandboxOptions): Boot {
  const abort = new AbortController();
  let isReady = false;
  const sandbox = openSandbox({ ...options, signal: abort.signal });
  // told to whoever waits for it
  sandbox.then(
    () => (isReady = true),
    () => {},
  );
  return {
    ready: () => sandbox,
    async close() {
      if (!isReady) abort.abort();
      await sandbox.then(
        (started) => started.close(),
        () => {},
      );
    },
  };
}

/** Those that were started for the next replay that asks for their kind. */
const ahead = new Set<Boot>();

/**
 * Starts a server for the first replay to come, before anybody knows what it will replay. Answers how to stop it if nobody took it.
 * @example
 * const dropUnused = bootAhead();
 * try { await check(request); } finally { await dropUnused(); }
 */
export function bootAhead(): () => Promise<void> {
  const boot = begin({ version: EMBEDDED_VERSION });
  ahead.add(boot);
  return async () => {
    if (ahead.delete(boot)) await boot.close();
  };
}

/**
 * Begins to start a server, or takes the one that was started ahead.
 * @example
 * const boot = bootSandbox({ version: 18 });
 * try { await replay(await parseMigrations(set), { sandbox: await boot.ready() }); } finally { await boot.close(); }
 */
export function bootSandbox(options: Pick<SandboxOptions, "version" | "binaries">): Boot {
  const [started] = options.version === EMBEDDED_VERSION && options.binaries === undefined ? ahead : [];
  if (started === undefined) return begin(options);
  ahead.delete(started);
  return started;
}
