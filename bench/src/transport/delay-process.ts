/**
 * A process of its own that delays everything by the milliseconds given, each way. Apart from the benchmark's process, because a
 * proxy in the same event loop would be measured as part of the client.
 */
import { countingProxy } from "@watertight/testkit";

const [host, port, delayMs] = process.argv.slice(2);
const proxy = await countingProxy({ host: host!, port: Number(port) }, { delayMs: Number(delayMs) });
// Ends with its parent, however that ends.
process.on("disconnect", () => process.exit(0));
process.send!({ port: proxy.port });
