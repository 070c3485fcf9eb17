/**
 * Numbered places where tests kill the process: before, inside and after each step, and between a step's end and its record. They cost a
 * comparison. WATERTIGHT_FAILPOINT=<n> kills at the n-th place that is passed; a name in place of the number at the first of that name.
 */

/** Told of every place that is passed. */
export type Failpoint = (name: string) => void;

/** The failpoint that the environment asks for. */
export function failpointFrom(
  env: Readonly<Record<string, string | undefined>> = process.env,
  kill: () => void = () => process.kill(process.pid, "SIGKILL"),
): Failpoint {
  const wanted = env["WATERTIGHT_FAILPOINT"];
  if (wanted === undefined || wanted === "") return () => {};
  const number = /^\d+$/.test(wanted) ? Number(wanted) : undefined;
  let passed = 0;
  return (name) => {
    passed++;
    if (number === undefined ? name === wanted : passed === number) kill();
  };
}
