// The stages of `npm run verify`: what CI runs, in waves. Stages of a wave run side by side; a wave starts when the one before
// it has ended. The tests have a wave to themselves: they count on both cores.
/** @typedef {{name: string, script: string, counts?: boolean}} Stage */

/** @type {Stage[][]} */
export const waves = [
  [
    { name: "build", script: "build" },
    { name: "format", script: "format:check" },
  ],
  [
    { name: "lint", script: "lint" },
    { name: "types", script: "types" },
    { name: "knip", script: "knip" },
    { name: "entry gate", script: "entry-gate" },
    { name: "package checks", script: "package-checks" },
    { name: "packed", script: "packed" },
  ],
  [{ name: "tests", script: "test:built", counts: true }],
];
