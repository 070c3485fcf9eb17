/**
 * Planting rows in another tenant: a whole row of B, and a row of B that names A's own user as its author, in every form of INSERT.
 */
import { quoteName } from "@watertight/schema";
import { conditionText, insertText, literal, type Values } from "../seed/values.ts";
import type { Actor, Attack, Step } from "./attack.ts";
import { Forge, insertParts, mainStance, stancesOf } from "./forms.ts";
import { touchedBy } from "./paths.ts";
import { rightsOf, type Target, type World } from "./world.ts";

/** A row of B to write: a fresh one, or one that is there and is taken away first, where a tenant has room for one only. */
export function rowOfB({ lab }: World, target: Target): { readonly row: Values; readonly scene: readonly Step[] } {
  if (target.spareB) return { row: target.spareB, scene: [] };
  const taken = target.b[0]!.values;
  const key = target.key.length > 0 ? target.key : [...taken.keys()];
  return {
    row: taken,
    scene: [
      {
        sql: lab.run(`delete from ${target.name} where ${conditionText(key, taken)}`),
        note: "a tenant has room for one row only: make room in B",
      },
    ],
  };
}

function asAuthor(world: World, target: Target, row: Values): Values | null {
  if (world.tenants.a.users[0] === world.tenants.a.id) return null;
  const own = new Map(row);
  let changed = false;
  for (const name of row.keys())
    // the key of a table of people is taken by A's user itself
    if (
      target.key.join() !== name &&
      world.meaning.holds(target.relation, name) === "user" &&
      !target.ownerColumns.includes(name) &&
      row.get(name) !== null
    ) {
      own.set(name, world.tenants.a.users[0]);
      changed = true;
    }
  return changed ? own : null;
}

/** The attacks that insert into a table. */
export function insertAttacks(world: World, target: Target, actor: Actor): Attack[] {
  if (target.tenancy.kind === "tenants") return [];
  const forge = new Forge(world, target, actor, "insert", "B8");
  const main = mainStance(actor);
  const { row, scene } = rowOfB(world, target);
  const { columns, row: given, overriding } = insertParts(target.relation, row);
  const bare = insertText(target.name, given, overriding !== "");
  // D8, D10: a trigger or a rule may write for B what the row itself does not
  const watch = touchedBy(world, target.relation).filter((relation) => world.book.page(relation));
  const options = { watch, ...(scene.length > 0 ? { scene } : {}) };
  const rights = rightsOf(world, actor, target.relation);
  if (rights.insert.size === 0) return [forge.write("insert a row of B", main, bare, options)];
  const attacks = stancesOf(world, actor).map((stance) => forge.write("insert a row of B", stance, bare, options));
  const values = [...given.values()].map(literal).join(", ");
  const key = target.key.filter((name) => rights.select.has(name));
  if (key.length > 0)
    attacks.push(
      forge.write("insert … returning", main, `${bare} returning ${key.map(quoteName).join(", ")}`, options),
    );
  attacks.push(
    forge.write("insert … on conflict do nothing", main, `${bare} on conflict do nothing`, options),
    forge.write(
      "merge … insert",
      main,
      `merge into ${target.name} using (select 1) as one on false when not matched then insert (${columns}) ${overriding}values (${values})`,
      options,
    ),
  );
  const own = asAuthor(world, target, given);
  if (own)
    for (const stance of stancesOf(world, actor).filter(
      ({ persona }) => persona === "strongest" || persona === "weakest",
    ))
      attacks.push(
        forge.write(
          "insert a row of B in one's own name",
          stance,
          insertText(target.name, own, overriding !== ""),
          options,
        ),
      );
  return attacks;
}
