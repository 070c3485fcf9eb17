/**
 * The two tenants: their ids, people and canaries, all from one seed so that a run can be repeated. Must never be guessable from one another:
 * a leak is recognised by these values.
 */
import { createHash } from "node:crypto";

/** One of the two tenants. Ids may change while its first rows are made, when a constraint wants another form. */
export interface Tenant {
  readonly label: "A" | "B";
  id: string;
  /** Its people: the one who may do most, and the one who may do least. */
  readonly users: [strongest: string, weakest: string];
  /** Part of every text that the seed writes for it. */
  readonly canary: string;
  /** Keys of its people's sessions, by schema.table.column, where the context holds such a key. */
  readonly sessions: ReadonlyMap<string, [strongest: string, weakest: string]>;
}

/** Endless values from a seed: hex digits for any name. */
export type Randomness = (name: string, length: number) => string;

/** Values that look random and come back with the same seed. */
export function randomness(seed: string): Randomness {
  return (name, length) => {
    let text = "";
    for (let part = 0; text.length < length; part += 1)
      text += createHash("sha256").update(`${seed} ${name} ${part}`).digest("hex");
    return text.slice(0, length);
  };
}

/** A random uuid of version 4. */
export function uuidFrom(random: Randomness, name: string): string {
  const hex = random(name, 32);
  const variant = "89ab"[Number.parseInt(hex[16]!, 16) % 4]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A number that no sequence and no ordinary value reaches, so that it is recognised anywhere. */
export function numberFrom(random: Randomness, name: string, type: string): string {
  const value = Number.parseInt(random(name, 8), 16);
  if (type === "smallint") return String(20_000 + (value % 12_000));
  return String(700_000_000 + (value % 900_000_000));
}

const numbers = /^(smallint|integer|bigint|numeric|oid|double precision|real)/;

/** An id of a type. */
function idFrom(random: Randomness, name: string, type: string, canary: string): string {
  if (type === "uuid") return uuidFrom(random, name);
  if (numbers.test(type)) return numberFrom(random, name, type);
  const room = Number(/^(?:character|character varying|bpchar|varchar)\((\d+)\)$/.exec(type)?.[1] ?? 63);
  // a text column often holds uuids
  if (room >= 36 && /^(text|character varying)/.test(type) && /user|uuid/i.test(name)) return uuidFrom(random, name);
  return `${canary}${random(name, 8)}`.slice(-Math.min(room, 18));
}

/** Makes both tenants. */
export function makeTenants(
  random: Randomness,
  types: {
    readonly tenantForm: string;
    readonly userForm: string | null;
    readonly sessionTypes: ReadonlyMap<string, string>;
  },
  perUser: boolean,
): { readonly a: Tenant; readonly b: Tenant } {
  const make = (label: "A" | "B"): Tenant => {
    // a letter first, lower case and digits: passes for a slug, a code, a part of an address
    const canary = `w${label.toLowerCase()}${random(`canary ${label}`, 8)}`;
    const id = idFrom(random, `tenant ${label}`, types.tenantForm, canary);
    const user = (which: string): string =>
      idFrom(random, `user ${label} ${which}`, types.userForm ?? types.tenantForm, canary);
    const sessions = [...types.sessionTypes].map(([key, type]): [string, [string, string]] => {
      const session = (which: string): string => idFrom(random, `session ${label} ${which} ${key}`, type, canary);
      return [key, [session("strongest"), session("weakest")]];
    });
    const users: Tenant["users"] = perUser ? [id, id] : [user("strongest"), user("weakest")];
    return { label, id, users, canary, sessions: new Map(sessions) };
  };
  return { a: make("A"), b: make("B") };
}
