/** Work that is dear and the same for everybody: whoever asks while it runs, or shortly after, gets the same answer. Must never hide a failure. */

/** Shares one run of `work` between all who ask until `keepMs` after it ended. */
export function onceAtATime<T>(work: () => Promise<T>, keepMs: number = 0): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    if (answer === undefined) {
      answer = work();
      const forget = (): void => void setTimeout(() => (answer = undefined), keepMs).unref();
      answer.then(forget, forget);
    }
    return answer;
  };
}
