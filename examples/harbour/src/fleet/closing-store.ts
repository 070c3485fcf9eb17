// A store of secrets that can be closed: a step that a stopping worker left behind may still be about to write, and would make the folder again that
// was just removed. Must never write after it was closed.
import type { SecretStore } from "@watertight/control";

export function closingStore(store: SecretStore): SecretStore & { close(): Promise<void> } {
  const writing = new Set<Promise<void>>();
  let closed = false;
  return {
    read: (name) => store.read(name),
    remove: (name) => store.remove(name),
    write: async (name, value) => {
      if (closed) throw new Error("the run has ended");
      const work = store.write(name, value).finally(() => writing.delete(work));
      writing.add(work);
      await work;
    },
    close: async () => {
      closed = true;
      await Promise.allSettled(writing);
    },
  };
}
