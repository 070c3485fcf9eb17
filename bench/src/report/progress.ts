/**
 * Tells a waiting person how far a run is. On standard error, so that standard output holds nothing but the report.
 */

/** Lines with the seconds since this call. */
export function progress(): (text: string) => void {
  const started = performance.now();
  return (text) => void process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1)} s  ${text}\n`);
}
