/**
 * Rows of the catalog by the names and relations that they hang on: a look at one table must cost the same in a schema of any size (with 200
 * tables, going through all rows after each statement took a fifth of a whole check). Must be told of every row before and after it changes.
 */
import type { RowKind } from "./catalog-query.ts";
import type { Item } from "./catalog-state.ts";

const nearKinds: ReadonlySet<RowKind> = new Set<RowKind>([
  "column",
  "default",
  "constraint",
  "policy",
  "trigger",
  "rule",
  "inherits",
]);

class Sets<K> {
  readonly #sets = new Map<K, Set<Item>>();

  get(key: K): Iterable<Item> {
    return this.#sets.get(key) ?? [];
  }

  add(key: K, item: Item): void {
    const set = this.#sets.get(key);
    if (set) set.add(item);
    else this.#sets.set(key, new Set([item]));
  }

  delete(key: K, item: Item): void {
    this.#sets.get(key)?.delete(item);
  }
}

/** The index. */
export class ItemIndex {
  /** Relations and routines, also those that are gone. */
  readonly #byName = new Sets<string>();
  /** What hangs on a relation, by its OID. */
  readonly #byRelation = new Sets<number>();
  /** Children and partitions, by the OID of the parent. */
  readonly #byParent = new Sets<number>();

  /** Takes a row in as it is now. */
  add(item: Item): void {
    if (item.kind === "relation" || item.kind === "routine") this.#byName.add(item.data.name ?? "", item);
    if (nearKinds.has(item.kind)) this.#byRelation.add(item.data.relation ?? 0, item);
    if (item.kind === "inherits") this.#byParent.add(Number(item.sub), item);
  }

  /** Forgets a row as it was taken in. */
  delete(item: Item): void {
    if (item.kind === "relation" || item.kind === "routine") this.#byName.delete(item.data.name ?? "", item);
    if (nearKinds.has(item.kind)) this.#byRelation.delete(item.data.relation ?? 0, item);
  }

  /** Relations and routines of these names, and what hangs on the relations. */
  *near(names: ReadonlySet<string>): Generator<Item> {
    for (const name of names)
      for (const item of this.#byName.get(name)) {
        yield item;
        if (item.kind === "relation") yield* this.#byRelation.get(item.oid);
      }
  }

  /** The names, and those of all partitions and children of the relations: statements spread to these. */
  withChildren(names: ReadonlySet<string>, relation: (oid: number) => Item | undefined): Set<string> {
    const all = new Set(names);
    // a set yields what is added on the way
    for (const name of all)
      for (const { kind, oid } of this.#byName.get(name)) {
        if (kind !== "relation") continue;
        for (const child of this.#byParent.get(oid)) {
          const found = child.alive ? relation(child.oid)?.data.name : undefined;
          if (found !== undefined) all.add(found);
        }
      }
    return all;
  }
}
