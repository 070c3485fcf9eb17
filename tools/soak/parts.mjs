// What the soak runs on each server, and which share of the time each part gets. Every part is a test file that CI runs in
// short; here it runs long, with its length in the environment.

/** @param seconds what this part may take on this server */
export function partEnvironment(part, seconds) {
  const minutes = String(Math.max(5, seconds) / 60);
  if (part.kind === "fuzz") return { FUZZ_MINUTES: minutes, FUZZ_ITERATIONS: "5000000", FUZZ_LEVEL: part.level };
  if (part.kind === "properties") return { PROPERTY_SEED: "new", PROPERTY_FACTOR: String(Math.max(1, seconds / 10)) };
  if (part.kind === "mutants") return { MUTANTS: "wide" };
  // Two levels share the model's time.
  if (part.kind === "crashes") return { CRASHES: "200" };
  if (part.kind === "model") return { MODEL_MINUTES: String(Number(minutes) / 2) };
  return {};
}

export const parts = [
  // Of fixed length: repeated while its share lasts, at least once. First, so that the others share what it leaves.
  {
    name: "hostile statements",
    kind: "hostile",
    share: 0.2,
    files: ["packages/schema/test/attacks/hostile-statements", "packages/runtime/test/attacks/hostile-pool"],
  },
  {
    name: "pool fuzz, sealed",
    kind: "fuzz",
    level: "sealed",
    share: 0.4,
    files: ["packages/runtime/test/fuzz/pool-fuzz.db.test.ts"],
  },
  {
    name: "pool fuzz, hostile",
    kind: "fuzz",
    level: "hostile",
    share: 0.1,
    files: ["packages/runtime/test/fuzz/pool-fuzz.db.test.ts"],
  },
  {
    name: "pool fuzz, plain",
    kind: "fuzz",
    level: "plain",
    share: 0.1,
    files: ["packages/runtime/test/fuzz/pool-fuzz.db.test.ts"],
  },
  // Of fixed length; rewrites packages/audit/test/mutation/survivors.md for the versions that it knows.
  {
    name: "mutants, all",
    kind: "mutants",
    share: 0.1,
    versions: [15, 18],
    files: ["packages/audit/test/mutation/mutation.db.test.ts"],
  },
  // Parsers, understanding and reach on texts, schemas and roles that nobody saw before; CI tries them from a fixed seed.
  {
    name: "properties, new seeds",
    kind: "properties",
    share: 0.1,
    files: [
      "packages/audit/test/parse/fuzz",
      "packages/audit/test/parse/split",
      "packages/audit/test/understand/understand",
      "packages/audit/test/understand/reach",
      "packages/testkit/test/proxy/message-splitter",
    ],
  },
  // Of fixed length: the catalog's server killed under plain operations, and the server of catalog and cell under provisioning.
  {
    name: "200 crashes of a server under operations",
    kind: "crashes",
    share: 0.1,
    files: ["packages/control/test/operations/crash.db.test.ts", "packages/control/test/provision/crash.db.test.ts"],
  },
  { name: "isolation model", kind: "model", share: 0.2, files: ["packages/runtime/test/model"] },
];
