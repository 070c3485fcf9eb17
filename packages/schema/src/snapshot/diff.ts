/**
 * What is different between two catalogs, by object and in words: for "as it was before", for drift, for what a change did. Pure.
 */
import { described, type Described, type ObjectKind, objectKinds } from "./described.ts";
import type { Snapshot } from "./snapshot.ts";

/** One object that is not the same in both. */
export interface Difference {
  readonly kind: ObjectKind;
  /** For example "app.projects", "floor on app.projects", "app.f(uuid)". */
  readonly name: string;
  readonly change: "added" | "removed" | "changed";
  /** Fields that differ, as text; of an object that was added or removed none. */
  readonly fields: readonly { readonly field: string; readonly before: string; readonly after: string }[];
  /** For example "SELECT to shop_app by shop_owner". */
  readonly granted: readonly string[];
  readonly revoked: readonly string[];
  /** All of it in one line. */
  readonly text: string;
}

/**
 * Compares two snapshots: of one database at two times, of a replay and the live database, of two branches.
 * @returns differences by kind and name; [] when nothing differs.
 * @example
 * const before = await readSnapshot(client);
 * await migrate(client);
 * for (const { text } of diffSnapshots(before, await readSnapshot(client))) console.log(text);
 */
export function diffSnapshots(before: Snapshot, after: Snapshot): Difference[] {
  const [left, right] = [byKey(before), byKey(after)];
  const differences: Difference[] = [];
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [old, now] = [left.get(key), right.get(key)];
    const { kind, name } = (old ?? now)!;
    const nothing: Described = { kind, name, fields: new Map(), grants: new Set() };
    const fields = old === undefined || now === undefined ? [] : changedFields(old, now);
    const granted = missing((now ?? nothing).grants, (old ?? nothing).grants);
    const revoked = missing((old ?? nothing).grants, (now ?? nothing).grants);
    const alone = old === undefined ? "added" : "removed";
    const change = old !== undefined && now !== undefined ? "changed" : alone;
    if (change === "changed" && fields.length + granted.length + revoked.length === 0) continue;
    const difference = { kind, name, change, fields, granted, revoked } as const;
    differences.push({ ...difference, text: inWords(difference, (now ?? old)!) });
  }
  const order = (each: Difference): string => `${String(objectKinds.indexOf(each.kind)).padStart(2, "0")} ${each.name}`;
  return differences.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function byKey(snapshot: Snapshot): Map<string, Described> {
  return new Map([...described(snapshot)].map((each) => [`${each.kind} ${each.name}`, each]));
}

function changedFields(old: Described, now: Described): Difference["fields"] {
  const names = new Set([...old.fields.keys(), ...now.fields.keys()]);
  return [...names].flatMap((field) => {
    const [before, after] = [old.fields.get(field) ?? "none", now.fields.get(field) ?? "none"];
    return before === after ? [] : [{ field, before, after }];
  });
}

function missing(from: ReadonlySet<string>, other: ReadonlySet<string>): string[] {
  return [...from].filter((each) => !other.has(each)).sort();
}

function inWords(difference: Omit<Difference, "text">, { kind, fields }: Described): string {
  const what = kind === "relation" ? (fields.get("kind") ?? kind) : kind;
  const object = `${what} ${difference.name}`.trim();
  if (difference.change !== "changed") return `${object}: ${difference.change}`;
  const parts = [
    ...difference.fields.map(({ field, before, after }) => `${field} was ${before}, is ${after}`),
    ...difference.granted.map((grant) => `granted ${grant}`),
    ...difference.revoked.map((grant) => `revoked ${grant}`),
  ];
  return `${object}: ${parts.join("; ")}`;
}
