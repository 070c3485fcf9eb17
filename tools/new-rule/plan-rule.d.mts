/** Types of plan-rule.mjs, for its test. */
export declare function planRule(
  id: string,
  words: string,
  read: (path: string) => string | undefined,
): Map<string, string>;
