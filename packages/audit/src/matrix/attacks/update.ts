/**
 * Changing another tenant's rows without knowing them: no filter, B's key, RETURNING, MERGE, ON CONFLICT. That a row was rewritten is seen by
 * its new place, whatever was written.
 */
import { type Column, quoteName } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { conditionText, insertText, literal } from "../seed/values.ts";
import type { Actor, Attack } from "./attack.ts";
import { Forge, insertParts, mainStance, stancesOf } from "./forms.ts";
import { rightsOf, type Target, type World } from "./world.ts";

/** A column to write, and whether any value may stand in it many times. */
function touchable(
  world: World,
  target: Target,
  may: ReadonlySet<string>,
): { column: Column; free: boolean } | undefined {
  const { relation } = target;
  const bound = new Set([
    ...target.key,
    ...target.ownerColumns,
    ...world.graph.foreignKeys(relation).flatMap(({ columns }) => columns),
    ...world.facts.snapshot.indexes
      .filter((index) => (index.unique || index.exclusion) && dotted(index.relation) === dotted(relation))
      .flatMap(({ columns }) => columns.flatMap((name) => (name === null ? [] : [name]))),
    ...(relation.partitioning?.columns ?? []),
  ]);
  const usable = relation.columns.filter((column) => column.generated === null && column.identity !== "always");
  const allowed = usable.filter(({ name }) => may.size === 0 || may.has(name));
  const free = allowed.find(({ name }) => !bound.has(name));
  const column = free ?? allowed[0] ?? usable[0];
  return column && { column, free: free !== undefined };
}

/** The attacks that update a table. */
export function updateAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const forge = new Forge(world, target, actor, "update", "B7");
  const main = mainStance(actor);
  const rights = rightsOf(world, actor, target.relation);
  const chosen = touchable(world, target, rights.update);
  if (!chosen) return [];
  const { column, free } = chosen;
  const name = quoteName(column.name);
  // a constant: an UPDATE that reads a column must pass the SELECT policies as well, and would show nothing of B7
  const value = literal(target.a[0]!.values.get(column.name));
  const plain = `update ${target.name} set ${name} = ${free ? value : name}`;
  if (rights.update.size === 0) return [forge.write("update without filter", main, plain)];
  const attacks = stancesOf(world, actor).map((stance) => forge.write("update without filter", stance, plain));
  const key = target.key.length > 0 && target.key.every((each) => rights.select.has(each)) ? target.key : [];
  const row = target.b[0]!.values;
  if (key.length > 0) {
    attacks.push(
      forge.write("update by B's key", main, `${plain} where ${conditionText(key, row)}`),
      forge.write("update … returning", main, `${plain} returning ${key.map(quoteName).join(", ")}`),
    );
  }
  if (rights.select.has(column.name))
    attacks.push(
      forge.write(
        "merge … update",
        main,
        `merge into ${target.name} as t using (select 1) as one on true when matched then update set ${name} = ${free ? value : `t.${name}`}`,
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
