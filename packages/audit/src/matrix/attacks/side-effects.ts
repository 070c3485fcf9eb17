/**
 * What A's own, legitimate writes set off in other tables: triggers with their owner's rights and rules, which act for the table's owner, may
 * write for B what A could not (D8, D10).
 */
import { literal, insertText, conditionText } from "../seed/values.ts";
import { quoteName } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import type { Actor, Attack } from "./attack.ts";
import { Forge, insertParts, mainStance } from "./forms.ts";
import { touchedBy } from "./paths.ts";
import { openTable, rightsOf, type Target, unboundControl, type World } from "./world.ts";

const soundsLikeTenant = /tenant|org(aniza?tion)?(_id)?$|workspace|recipient|target|dest|to_/i;

/** The attacks by A's own rows. */
export function sideEffectAttacks(world: World, target: Target, actor: Actor): Attack[] {
  if (actor.kind === "anonymous") return [];
  const touched = touchedBy(world, target.relation).filter((relation) => world.book.of(relation, "B").length > 0);
  if (touched.length === 0) return [];
  const { rules } = world.facts.snapshot;
  const ruled = rules.filter((rule) => dotted(rule.relation) === dotted(target.relation));
  const forge = new Forge(world, target, actor, "side-door", "D8");
  const main = mainStance(actor);
  const [rule] = ruled;
  const own = {
    watch: touched,
    vector: rule ? "D10" : "D8",
    controls: [unboundControl, { ...openTable(world, actor, touched), unbound: true }],
    ...(rule ? { object: rule.name } : {}),
  };
  const attacks: Attack[] = [];
  const rights = rightsOf(world, actor, target.relation);
  // a second column that names a tenant: a message, a transfer, an invitation
  const naming = target.relation.columns.filter(
    ({ name, generated, type }) =>
      generated === null &&
      !target.ownerColumns.includes(name) &&
      !target.key.includes(name) &&
      (world.meaning.holds(target.relation, name) === "tenant" ||
        (soundsLikeTenant.test(name) && type === world.meaning.tenantType)),
  );
  if (naming.length > 0 && target.spareA && rights.insert.size > 0) {
    const { row, overriding } = insertParts(target.relation, target.spareA);
    const values = new Map([...row, ...naming.map(({ name }): [string, string] => [name, world.tenants.b.id])]);
    attacks.push(
      forge.write(
        `insert one's own row that names tenant B in ${naming.map(({ name }) => name).join(", ")}`,
        main,
        insertText(target.name, values, overriding !== ""),
        own,
      ),
    );
    const key = target.key.length > 0 && target.key.every((name) => rights.select.has(name)) ? target.key : [];
    if (key.length > 0 && naming.every(({ name }) => rights.update.has(name))) {
      const set = naming.map(({ name }) => `${quoteName(name)} = ${literal(world.tenants.b.id)}`).join(", ");
      attacks.push(
        forge.write(
          "update one's own row to name tenant B",
          main,
          `update ${target.name} set ${set} where ${conditionText(key, target.a.at(-1)!.values)}`,
          own,
        ),
      );
    }
  }
  for (const each of ruled) {
    if (each.event === "delete" && rights.delete)
      attacks.push(forge.write(`delete, with rule ${each.name}`, main, `delete from ${target.name}`, own));
    if (each.event === "insert" && target.spareA) {
      const { row, overriding } = insertParts(target.relation, target.spareA);
      attacks.push(
        forge.write(`insert, with rule ${each.name}`, main, insertText(target.name, row, overriding !== ""), own),
      );
    }
  }
  return attacks;
}
