/** All attacks on the rules' fixtures, a file a family. */
import { attacksA } from "./a.ts";
import type { RuleAttack } from "./attack.ts";
import { attacksB } from "./b.ts";
import { attacksC } from "./c.ts";
import { attacksD } from "./d.ts";
import { attacksE } from "./e.ts";
import { attacksF } from "./f.ts";

/** Every attack. */
export const attacks: readonly RuleAttack[] = [
  ...attacksA,
  ...attacksB,
  ...attacksC,
  ...attacksD,
  ...attacksE,
  ...attacksF,
];
