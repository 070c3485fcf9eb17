/** All attacks on the rules' fixtures, a file a family. */
import type { RuleAttack } from "./attack.ts";

/** Every attack. */
export const attacks: readonly RuleAttack[] = [];
