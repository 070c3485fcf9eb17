/**
 * A server for a replay that starts while this process does other work: booting takes a second of another process, and so does parsing. Must
 * never be left running: whoever starts one closes it, whether it was ever waited for or not.
 */
import { openSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";

/** A server on its way. */
export interface Boot {
  /** @throws EmbeddedError when it can't be started */
  ready(): Promise<Sandbox>;
  /** Stops it, also while it starts. */
  close(): Promise<void>;
}

/**
 * Begins to start a server.
 * @example
 * const boot = bootSandbox({ version: 18 });
 * try { await replay(await parseMigrations(set), { sandbox: await boot.ready() }); } finally { await boot.close(); }
 */
export function bootSandbox(options: SandboxOptions = {}): Boot {
  const sandbox = openSandbox(options);
  // told to whoever waits for it
  sandbox.catch(() => {});
  return {
    ready: () => sandbox,
    close: () =>
      sandbox.then(
        (started) => started.close(),
        () => {},
      ),
  };
}
