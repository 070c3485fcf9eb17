/**
 * Moving A's rows into tenant B by changing what decides their owner. With a WHERE the SELECT policy hides the hole, so the bare form comes
 * first (B6).
 */
import { quoteName } from "@watertight/schema";
import { conditionText, insertText, literal, type Values } from "../seed/values.ts";
import type { Actor, Attack, Control, Step } from "./attack.ts";
import { Forge, insertParts, mainStance } from "./forms.ts";
import { rightsOf, type Target, unboundControl, type World } from "./world.ts";

// Foreign keys that hold the tenant as well must point into B, or the key refuses what row security should.
function moved(world: World, target: Target): Map<string, string | null> {
  const b = target.b[0]!.values;
  const set = new Map(target.ownerColumns.map((name) => [name, b.get(name) ?? null]));
  for (const key of world.graph.foreignKeys(target.relation))
    if (key.columns.some((name) => target.ownerColumns.includes(name)))
      for (const name of key.columns) set.set(name, b.get(name) ?? null);
  return set;
}

/** Without foreign keys: A's row may have children of its own that hold it back, which is no defence of B. */
export const unhindered = ({ lab }: World): Step => ({
  sql: lab.withoutTriggers,
  note: "rows of A refer to this one and hold it back; a row without such children is not held: foreign keys off",
});

/** The attacks that move rows of a table. */
export function reassignAttacks(world: World, target: Target, actor: Actor): Attack[] {
  if (target.tenancy.kind === "tenants") return [];
  const forge = new Forge(world, target, actor, "reassign", "B6");
  const main = mainStance(actor);
  const rights = rightsOf(world, actor, target.relation);
  const move = moved(world, target);
  const set = (values: Values): string =>
    [...values].map(([name, value]) => `${quoteName(name)} = ${literal(value)}`).join(", ");
  const bare = `update ${target.name} set ${set(move)}`;
  const room: readonly Step[] = target.spareB
    ? []
    : [
        {
          sql: world.lab.run(
            `delete from ${target.name} where ${conditionText(target.ownerColumns, target.b[0]!.values)}`,
          ),
          note: "a tenant has room for one row only: make room in B",
        },
      ];
  const own = target.a.at(-1)!.values;
  // without row security the statement meets all rows, and two of them can't become the same one: a last proof leaves it A's row alone
  const alone: Control = {
    ...unboundControl,
    off: `${unboundControl.off}, no other row in the table`,
    withoutTriggers: true,
    sql: target.key.length > 0 ? [`delete from ${target.name} where not (${conditionText(target.key, own)})`] : [],
  };
  const controls = [...forge.controls, alone];
  const attack = (name: string, sql: string): Attack => {
    const free = forge.write(`${name}, foreign keys unchecked`, main, sql, {
      scene: [...room, unhindered(world)],
      controls,
    });
    return forge.write(name, main, sql, {
      ...(room.length > 0 ? { scene: room } : {}),
      controls,
      follow: { codes: ["23503", "23001"], attack: free },
    });
  };
  const attacks = [attack("update the owner without filter", bare)];
  if (!target.ownerColumns.every((name) => rights.update.has(name))) return attacks;
  const key = target.key.length > 0 && target.key.every((name) => rights.select.has(name)) ? target.key : [];
  if (key.length > 0)
    attacks.push(
      attack("update the owner by A's key", `${bare} where ${conditionText(key, own)}`),
      attack("update the owner … returning", `${bare} returning ${key.map(quoteName).join(", ")}`),
    );
  if (key.length > 0 && rights.insert.size > 0 && target.relation.kind === "r") {
    const { row, overriding } = insertParts(target.relation, own);
    attacks.push(
      attack(
        "insert A's key … on conflict do update the owner",
        `${insertText(target.name, row, overriding !== "")} on conflict (${key.map(quoteName).join(", ")}) do update set ${set(move)}`,
      ),
    );
  }
  return attacks;
}
