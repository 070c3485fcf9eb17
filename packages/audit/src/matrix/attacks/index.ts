/**
 * All families of attacks, listed by hand.
 */
import { cascadeAttacks, sequenceAttacks } from "./constraints.ts";
import type { Actor, Attack } from "./attack.ts";
import { deleteAttacks, truncateAttacks } from "./delete.ts";
import { foreignKeyAttacks } from "./fk-probe.ts";
import { functionAttacks } from "./functions.ts";
import { planAttacks, roleAttacks, settingAttacks, triggerAttacks } from "./identity.ts";
import { insertAttacks } from "./insert.ts";
import { partitionAttacks } from "./partitions.ts";
import { readAttacks } from "./read.ts";
import { reassignAttacks } from "./reassign.ts";
import { sideEffectAttacks } from "./side-effects.ts";
import { shadowAttacks, trustAttacks } from "./trust.ts";
import { uniqueAttacks } from "./unique-probe.ts";
import { updateAttacks } from "./update.ts";
import { viewAttacks } from "./views.ts";
import type { Target, World } from "./world.ts";

const families: readonly ((world: World, target: Target, actor: Actor) => Attack[])[] = [
  readAttacks,
  insertAttacks,
  updateAttacks,
  reassignAttacks,
  deleteAttacks,
  truncateAttacks,
  foreignKeyAttacks,
  uniqueAttacks,
  partitionAttacks,
  viewAttacks,
  functionAttacks,
  cascadeAttacks,
  sequenceAttacks,
  trustAttacks,
  shadowAttacks,
  settingAttacks,
  roleAttacks,
  planAttacks,
  triggerAttacks,
  sideEffectAttacks,
];

/** Every attack that has a meaning for the table and the role. */
export function attacksOn(world: World, target: Target, actor: Actor): Attack[] {
  return families.flatMap((family) => family(world, target, actor));
}
