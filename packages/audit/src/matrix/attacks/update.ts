/**
 * Changing another tenant's rows without knowing them: no filter, B's key, RETURNING, MERGE, ON CONFLICT. The value set is the old one: that a
 * row was rewritten is seen by its new place.
 */
import { type Column, quoteName } from "@watertight/schema";
import { conditionText, insertText } from "../seed/values.ts";
import type { Actor, Attack } from "./attack.ts";
import { Forge, insertParts, mainStance, stancesOf } from "./forms.ts";
import { rightsOf, type Target, type World } from "./world.ts";

function touchable(world: World, target: Target, may: ReadonlySet<string>): Column | undefined {
  const { relation } = target;
  const bound = new Set([
    ...target.key,
    ...target.ownerColumns,
    ...world.graph.foreignKeys(relation).flatMap(({ columns }) => columns),
    ...(relation.partitioning?.columns ?? []),
  ]);
  const usable = relation.columns.filter((column) => column.generated === null && column.identity !== "always");
  const allowed = usable.filter(({ name }) => may.size === 0 || may.has(name));
  return allowed.find(({ name }) => !bound.has(name)) ?? allowed[0] ?? usable[0];
}

/** The attacks that update a table. */
export function updateAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const forge = new Forge(world, target, actor, "update", "B7");
  const main = mainStance(actor);
  const rights = rightsOf(world, actor, target.relation);
  const column = touchable(world, target, rights.update);
  if (!column) return [];
  const name = quoteName(column.name);
  const bare = `update ${target.name} set ${name} = ${name}`;
  // without SELECT even the old value can't be named
  const blind = `update ${target.name} set ${name} = default`;
  const reads = rights.select.has(column.name);
  const plain = reads || rights.update.size === 0 || column.notNull ? bare : blind;
  if (rights.update.size === 0) return [forge.write("update without filter", main, bare)];
  const attacks = stancesOf(world, actor).map((stance) => forge.write("update without filter", stance, plain));
  const key = target.key.length > 0 && target.key.every((each) => rights.select.has(each)) ? target.key : [];
  const row = target.b[0]!.values;
  if (key.length > 0) {
    attacks.push(
      forge.write("update by B's key", main, `${plain} where ${conditionText(key, row)}`),
      forge.write("update … returning", main, `${plain} returning ${key.map(quoteName).join(", ")}`),
    );
  }
  if (reads)
    attacks.push(
      forge.write(
        "merge … update",
        main,
        `merge into ${target.name} as t using (select 1) as one on true when matched then update set ${name} = t.${name}`,
      ),
    );
  if (target.key.length > 0 && rights.insert.size > 0 && target.relation.kind === "r") {
    const { row: given, overriding } = insertParts(target.relation, row);
    const conflict = target.key.map(quoteName).join(", ");
    attacks.push(
      forge.write(
        "insert B's key … on conflict do update",
        main,
        `${insertText(target.name, given, overriding !== "")} on conflict (${conflict}) do update set ${name} = excluded.${name}`,
      ),
    );
  }
  return attacks;
}
