/**
 * What of the catalog is known so far, and what a statement changed in it. History belongs to objects, not to names: an object keeps it when
 * it is renamed, and one that takes over a name starts without. A pure fold over the rows of catalog-query.ts; runs no query.
 */
import type { AclData, CatalogRow, RowData, RowKind } from "./catalog-query.ts";
import { ItemIndex } from "./item-index.ts";
import { objectKey } from "./object-key.ts";

/** An aspect of an object that has a history of its own; "" for the object itself. */
export interface Touch {
  readonly item: Item;
  readonly aspect: string;
}

/** A row of the catalog as it was last seen. */
export interface Item {
  readonly kind: RowKind;
  readonly oid: number;
  readonly sub: string;
  /** The transaction that wrote it. */
  xid: number;
  data: RowData;
  alive: boolean;
}

/** A role: its name and its attributes. */
export type RoleRow = readonly [oid: number, name: string, attributes: string];

const identity = (kind: string, oid: number, sub: string): string => `${kind}:${oid}:${sub}`;

/** The known catalog. */
export class CatalogState {
  readonly #items = new Map<string, Item>();
  readonly #index = new ItemIndex();
  readonly #roles = new Map<number, { name: string; attributes: string; item: Item }>();
  /** Rows at most this old have been seen. */
  newest = 0;

  /** Takes in rows; answers what changed, with the transaction that did it. */
  apply(rows: readonly CatalogRow[]): (Touch & { readonly xid: number })[] {
    const touched: (Touch & { readonly xid: number })[] = [];
    const fresh: [CatalogRow, Item, RowData | undefined][] = [];
    // all first: a key of one row may need the name in another
    for (const row of rows) {
      if (row.data === null) continue;
      this.newest = Math.max(this.newest, row.xid);
      const id = identity(row.kind, row.oid, row.sub);
      const known = this.#items.get(id);
      if (known?.alive === true && known.xid === row.xid) continue;
      const before = known?.alive === true ? known.data : undefined;
      const item = known ?? { kind: row.kind, oid: row.oid, sub: row.sub, xid: row.xid, data: row.data, alive: true };
      if (known !== undefined) this.#index.delete(known);
      Object.assign(item, { data: row.data, xid: row.xid, alive: true });
      this.#items.set(id, item);
      this.#index.add(item);
      fresh.push([row, item, before]);
    }
    for (const [{ xid }, item, before] of fresh)
      for (const touch of this.#changes(item, before)) touched.push({ ...touch, xid });
    return touched;
  }

  /** Compares the roles with those that are known. */
  applyRoles(rows: readonly RoleRow[]): Touch[] {
    const touched: Touch[] = [];
    const seen = new Set<number>();
    for (const [oid, name, attributes] of rows) {
      seen.add(oid);
      const known = this.#roles.get(oid);
      if (known?.item.alive === true && known.name === name && known.attributes === attributes) continue;
      const item: Item = known?.item ?? { kind: "role", oid, sub: "", xid: 0, data: {}, alive: true };
      item.data = { name };
      item.alive = true;
      this.#roles.set(oid, { name, attributes, item });
      touched.push({ item, aspect: "" });
    }
    for (const [oid, { item }] of this.#roles)
      if (!seen.has(oid) && item.alive) {
        item.alive = false;
        touched.push({ item, aspect: "" });
      }
    return touched;
  }

  /** Marks what is no longer there; answers what was dropped. `within` limits it to what hangs on relations and routines of these names. */
  retain(living: Iterable<readonly [string, number, string]>, within?: ReadonlySet<string>): Touch[] {
    const left = new Set<string>();
    for (const [kind, oid, sub] of living) left.add(identity(kind, oid, sub));
    const gone: Item[] = [];
    for (const item of within === undefined ? this.#items.values() : this.#index.near(within))
      if (item.alive && !left.has(identity(item.kind, item.oid, item.sub))) gone.push(item);
    for (const item of gone) item.alive = false;
    return gone.flatMap((item) => this.#touches(item));
  }

  /** The names with those of partitions and children, to which statements spread. */
  withChildren(names: ReadonlySet<string>): Set<string> {
    return this.#index.withChildren(names, (oid) => this.#items.get(identity("relation", oid, "")));
  }

  /** What the change of a row is a change of. */
  #changes(item: Item, before: RowData | undefined): Touch[] {
    const after = item.data;
    const touched: Touch[] = [];
    const self = (): void => void touched.push(...this.#touches(item));
    switch (item.kind) {
      case "relation":
        if (before === undefined || differs(before, after, ["name", "schema", "role", "shape"])) self();
        if (before !== undefined && before.rowSecurity !== after.rowSecurity)
          touched.push({ item, aspect: "row security" });
        if (before !== undefined && before.forced !== after.forced) touched.push({ item, aspect: "forced" });
        if (before !== undefined && before.role !== after.role) touched.push({ item, aspect: "owner" });
        if (before === undefined && after.rowSecurity === true) touched.push({ item, aspect: "row security" });
        break;
      case "schema":
      case "database":
        if (before === undefined || differs(before, after, ["name", "role"])) self();
        break;
      case "routine":
        if (item.oid >= 16384 && (before === undefined || differs(before, after, ["name", "schema", "shape", "args"])))
          self();
        // the body and the rights of a function are to blame for what it does, not who has it now
        if (before !== undefined && before.role !== after.role) touched.push({ item, aspect: "owner" });
        break;
      case "column":
        if (before === undefined || JSON.stringify(before.acl) === JSON.stringify(after.acl)) self();
        break;
      case "setting":
        for (const name of changedSettings(before?.config, after.config)) touched.push({ item, aspect: `set ${name}` });
        break;
      default:
        self();
    }
    for (const role of changedGrants(before?.acl, after.acl, after.role))
      touched.push({ item, aspect: `grant ${role}` });
    return touched;
  }

  /** A row that is part of another object stands for that one. */
  #touches(item: Item): Touch[] {
    const parent = (kind: RowKind, oid: number | undefined, sub = ""): Touch[] => {
      const found = oid === undefined ? undefined : this.#items.get(identity(kind, oid, sub));
      return found === undefined ? [] : [{ item: found, aspect: "" }];
    };
    if (item.kind === "default") return parent("column", item.data.relation, item.sub);
    if (item.kind === "inherits") return parent("relation", item.data.relation);
    if (item.kind === "published") return parent("publication", item.data.relation);
    if (item.kind === "rule" && item.data.name === "_RETURN") return parent("relation", item.data.relation);
    if (item.kind === "setting")
      return (item.data.config ?? []).map((entry) => ({ item, aspect: `set ${entry.split("=", 1)[0]}` }));
    return [{ item, aspect: "" }];
  }

  /** Name of a role; "public" for PUBLIC. */
  #role(oid: number | string | undefined): string {
    return Number(oid) === 0 ? "public" : (this.#roles.get(Number(oid))?.name ?? `role ${oid}`);
  }

  #schema(oid: number | undefined): string {
    if (oid === 11) return "pg_catalog";
    return this.#items.get(identity("schema", oid ?? 0, ""))?.data.name ?? "";
  }

  #relation(oid: number | undefined): { schema: string; name: string } {
    const data = this.#items.get(identity("relation", oid ?? 0, ""))?.data;
    return { schema: this.#schema(data?.schema), name: data?.name ?? "" };
  }

  /** The key of an aspect under the names of this moment; null for what has none. */
  key({ item, aspect }: Touch): string | null {
    const { data } = item;
    if (aspect.startsWith("set ")) {
      return objectKey.setting(item.data.role === 0 ? null : this.#role(item.data.role), aspect.slice(4));
    }
    if (aspect.startsWith("grant ")) {
      const object = this.key({ item, aspect: "" });
      return object === null ? null : objectKey.grant(object, this.#role(aspect.slice(6)));
    }
    if (aspect === "owner") {
      const object = this.key({ item, aspect: "" });
      return object === null ? null : objectKey.owner(object);
    }
    const name = data.name ?? "";
    const own = { schema: this.#schema(data.schema), name };
    if (aspect === "row security") return objectKey.rowSecurity(own);
    if (aspect === "forced") return objectKey.forced(own);
    switch (item.kind) {
      case "schema":
        return objectKey.schema(name);
      case "relation":
        return data.type === "i" || data.type === "I" ? objectKey.index(own) : objectKey.relation(own);
      case "role":
        return objectKey.role(name);
      case "column":
        return objectKey.column(this.#relation(data.relation), name);
      case "constraint":
        return objectKey.constraint(this.#relation(data.relation), name);
      case "policy":
        return objectKey.policy(this.#relation(data.relation), name);
      case "trigger":
        return objectKey.trigger(this.#relation(data.relation), name);
      case "rule":
        return objectKey.rule(this.#relation(data.relation), name);
      case "routine":
        return objectKey.routine(`${quoted(own.schema)}.${data.quoted ?? name}(${data.args ?? ""})`);
      case "membership":
        return objectKey.membership(this.#role(data.role), this.#role(data.member));
      case "default acl":
        return objectKey.defaultPrivileges(this.#role(data.role), data.schema === 0 ? null : this.#schema(data.schema));
      case "publication":
        return objectKey.publication(name);
      case "operator":
        return objectKey.other("operator", `${own.schema}.${name}(${data.args ?? ""})`);
      case "type":
        return objectKey.other("type", `${own.schema}.${name}`);
      case "event trigger":
      case "extension":
      case "server":
      case "large object":
      case "database":
        return objectKey.other(item.kind, name);
      default:
        return null;
    }
  }
}

function differs(before: RowData, after: RowData, fields: readonly (keyof RowData)[]): boolean {
  return fields.some((field) => before[field] !== after[field]);
}

/** Roles whose privileges are not what they were. What an owner holds by owning is no grant. */
function changedGrants(
  before: AclData | null | undefined,
  after: AclData | null | undefined,
  owner: number | undefined,
): string[] {
  const roles = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  if (before === undefined || before === null) roles.delete(String(owner));
  return [...roles].filter((role) => before?.[role] !== after?.[role]);
}

function changedSettings(
  before: readonly string[] | null | undefined,
  after: readonly string[] | null | undefined,
): string[] {
  const named = (list: readonly string[] | null | undefined): Map<string, string> =>
    new Map((list ?? []).map((entry) => [entry.split("=", 1)[0] ?? "", entry]));
  const [old, now] = [named(before), named(after)];
  return [...new Set([...old.keys(), ...now.keys()])].filter((name) => old.get(name) !== now.get(name));
}

// As regprocedure prints a name: quoted where PostgreSQL would have to.
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
