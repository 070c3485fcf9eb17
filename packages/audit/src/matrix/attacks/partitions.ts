/**
 * Partitions taken for themselves: their own row security counts then, and usually they have none (F4).
 */
import type { Relation } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { leavesOf } from "../seed/catalog.ts";
import { insertText, nameOf, type Values } from "../seed/values.ts";
import type { Actor, Attack } from "./attack.ts";
import { allShown, Forge, insertParts, mainStance, stancesOf } from "./forms.ts";
import { rightsOf, type Target, unboundControl, type World } from "./world.ts";

// Every partition of a table that is made by a job looks like the others.
const most = 8;

interface Part {
  readonly relation: Relation;
  /** What a row needs to be let in. */
  readonly needs: Values;
}

/** Partitions and inheritance children that hold rows of B, and how many do not. */
export function partsOf(world: World, target: Target): { readonly parts: readonly Part[]; readonly left: number } {
  const { relation } = target;
  const all =
    relation.kind === "p"
      ? leavesOf(world.graph, relation).map((leaf) => ({ relation: leaf.relation, needs: leaf.ways(0) ?? new Map() }))
      : world.graph.tables
          .filter((table) => !table.isPartition && table.parents.some((parent) => dotted(parent) === dotted(relation)))
          .map((table) => ({ relation: table, needs: new Map() }));
  const parts = all.filter((part) => target.b.some(({ leaf }) => leaf === dotted(part.relation))).slice(0, most);
  return { parts, left: all.length - parts.length };
}

/** The attacks on the partitions and inheritance children of a table. */
export function partitionAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const { relation } = target;
  const forge = new Forge(world, target, actor, "side-door", "F4");
  const main = mainStance(actor);
  return partsOf(world, target).parts.flatMap(({ relation: leaf, needs }) => {
    const rights = rightsOf(world, actor, leaf);
    const name = nameOf(leaf);
    const controls = [unboundControl];
    const options = { object: leaf.name, vector: "F4", controls };
    const bare = `select ${allShown(target)} from ${name}`;
    const read = (stance: typeof main): Attack => ({
      ...forge.read(`select from partition ${leaf.name}`, stance, bare, "F4"),
      object: leaf.name,
      controls,
    });
    if (rights.select.size === 0 && rights.update.size === 0 && rights.insert.size === 0 && !rights.delete)
      return [read(main)];
    const attacks = stancesOf(world, actor)
      .filter(({ persona }) => persona !== "weakest")
      .map(read);
    if (rights.delete)
      attacks.push(forge.write(`delete from partition ${leaf.name}`, main, `delete from ${name}`, options));
    if (rights.insert.size > 0 && target.spareB && relation.kind === "p") {
      const { row, overriding } = insertParts(relation, target.spareB);
      const fitting = new Map([...row, ...[...needs].filter(([column]) => world.graph.column(relation, column))]);
      attacks.push(
        forge.write(
          `insert a row of B into partition ${leaf.name}`,
          main,
          insertText(name, fitting, overriding !== ""),
          options,
        ),
      );
    }
    return attacks;
  });
}
