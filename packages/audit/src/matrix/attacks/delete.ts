/**
 * Deleting another tenant's rows, and emptying the table for everybody: DELETE in every form, TRUNCATE (which no policy stops, F1).
 */
import { quoteName, type Relation } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { conditionText } from "../seed/values.ts";
import type { Actor, Attack } from "./attack.ts";
import { Forge, mainStance, stancesOf } from "./forms.ts";
import { unhindered } from "./reassign.ts";
import { rightsOf, type Target, unboundControl, type World } from "./world.ts";

/** The attacks that delete from a table. */
export function deleteAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const forge = new Forge(world, target, actor, "delete", "B7");
  const main = mainStance(actor);
  const rights = rightsOf(world, actor, target.relation);
  const bare = `delete from ${target.name}`;
  const attack = (name: string, stance: typeof main, sql: string): Attack =>
    forge.write(name, stance, sql, {
      follow: {
        codes: ["23503", "23001"],
        attack: forge.write(`${name}, foreign keys unchecked`, stance, sql, { scene: [unhindered(world)] }),
      },
    });
  if (!rights.delete) return [attack("delete without filter", main, bare)];
  const attacks = stancesOf(world, actor).map((stance) => attack("delete without filter", stance, bare));
  const key = target.key.length > 0 && target.key.every((name) => rights.select.has(name)) ? target.key : [];
  if (key.length > 0)
    attacks.push(
      attack("delete by B's key", main, `${bare} where ${conditionText(key, target.b.at(-1)!.values)}`),
      attack("delete … returning", main, `${bare} returning ${key.map(quoteName).join(", ")}`),
    );
  if (rights.select.size > 0)
    attacks.push(
      attack(
        "merge … delete",
        main,
        `merge into ${target.name} using (select 1) as one on true when matched then delete`,
      ),
    );
  return attacks;
}

function dependents(world: World, relation: Relation): Relation[] {
  const found = new Map<string, Relation>([[dotted(relation), relation]]);
  for (const each of found.values())
    for (const { child } of world.graph.referencedBy(each)) {
      const root = world.graph.root(child);
      found.set(dotted(root), root);
    }
  return [...found.values()];
}

/** The attacks that truncate a table. */
export function truncateAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const forge = new Forge(world, target, actor, "truncate", "F1");
  const emptied = dependents(world, target.relation);
  const cascade = emptied.length > 1;
  const attack = forge.write(
    cascade ? "truncate … cascade" : "truncate",
    mainStance(actor),
    `truncate ${target.name}${cascade ? " cascade" : ""}`,
    { vector: "F1" },
  );
  return [{ ...attack, heavy: true, controls: [{ ...unboundControl, off: "the right to truncate granted" }] }];
}
