// A store that was closed writes nothing more, and closing waits for what is being written.
import { expect, it } from "vitest";
import { closingStore } from "../src/fleet/closing-store.ts";

it("waits for writes that run, and refuses those that come later", async () => {
  const kept = new Map<string, string>();
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const store = closingStore({
    read: async (name) => kept.get(name),
    remove: async (name) => void kept.delete(name),
    write: async (name, value) => {
      await gate;
      kept.set(name, value);
    },
  });
  const writing = store.write("a", "1");
  const order: string[] = [];
  const closing = store.close().then(() => order.push(`closed with ${kept.size}`));
  await expect(store.write("b", "2")).rejects.toThrow("ended");
  go();
  await Promise.all([writing, closing]);
  expect(order).toEqual(["closed with 1"]);
  expect([...kept]).toEqual([["a", "1"]]);
});
