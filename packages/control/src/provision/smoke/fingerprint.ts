/**
 * Compares a copy with the template that the whole intrusion test was run against: a copy that differs in anything that decides who may do what
 * is not that template, whatever it is called. Must never pass a copy for which nothing was kept to compare it with.
 */
import { createHash } from "node:crypto";
import type { Queryable } from "@watertight/schema";
import { fingerprintSql, objectsSql, relationNamesSql } from "./fingerprint-sql.ts";

/** What was asked: another version of this program may ask for more, and its answers compare with nothing. */
export const question: string = createHash("sha256").update(fingerprintSql).digest("hex");

/** Aspect -> hash over all of its objects, and the server's major version under which ids and catalogs mean the same. */
export interface Fingerprint {
  readonly server: number;
  readonly question: string;
  readonly aspects: Readonly<Record<string, string>>;
}

/** Aspect -> object -> hash. */
export type FingerprintObjects = Readonly<Record<string, Readonly<Record<string, string>>>>;

async function serverOf(session: Queryable): Promise<number> {
  const { rows } = await session.query(
    "select pg_catalog.current_setting('server_version_num')::int / 10000 as server",
  );
  return rows[0]!["server"] as number;
}

// Names, moments and bytes are printed by the session's settings, and a copy has settings of its own: its rows must read the same.
const pinned = `set local search_path = pg_catalog, pg_temp; set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
set local bytea_output = 'hex'; set local extra_float_digits = 1; set local quote_all_identifiers = off`;

async function ask(session: Queryable, text: string): Promise<Record<string, unknown>[]> {
  await session.query("begin");
  try {
    await session.query(pinned);
    return (await session.query(text)).rows;
  } finally {
    await session.query("rollback");
  }
}

/** The fingerprint of the session's database. */
export async function readFingerprint(session: Queryable): Promise<Fingerprint> {
  const server = await serverOf(session);
  const rows = await ask(session, fingerprintSql);
  return {
    server,
    question,
    aspects: Object.fromEntries(rows.map((row) => [row["aspect"], row["hash"]])),
  } as Fingerprint;
}

/** The hash of each object, to be kept beside it: it tells what differs. */
export async function readObjects(session: Queryable): Promise<FingerprintObjects> {
  const rows = await ask(session, objectsSql);
  const all: Record<string, Record<string, string>> = {};
  for (const row of rows) (all[row["aspect"] as string] ??= {})[row["object"] as string] = row["hash"] as string;
  return all;
}

// `17864`, `17864.2`, `protected 17864`
const objectId = /\b\d+/;

// told last: one right for another role brings that role's own memberships along
const ofRoles = ["role", "membership"];

/** Aspects in which two fingerprints differ. */
export function differingAspects(kept: Fingerprint, found: Fingerprint): string[] {
  const aspects = new Set([...Object.keys(kept.aspects), ...Object.keys(found.aspects)]);
  const differing = [...aspects].filter((aspect) => kept.aspects[aspect] !== found.aspects[aspect]).toSorted();
  return [
    ...differing.filter((aspect) => !ofRoles.includes(aspect)),
    ...differing.filter((aspect) => ofRoles.includes(aspect)),
  ];
}

/** What differs in some aspects, for people. Never empty where `aspects` is not. */
export async function tellDifferences(
  session: Queryable,
  aspects: readonly string[],
  kept: FingerprintObjects,
): Promise<string[]> {
  if (aspects.length === 0) return [];
  const found = await readObjects(session);
  const told = aspects.flatMap((aspect) => {
    const [was, is] = [kept[aspect] ?? {}, found[aspect] ?? {}];
    const objects = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => was[name] !== is[name]);
    return objects.length === 0 ? [{ aspect, object: "" }] : objects.map((object) => ({ aspect, object }));
  });
  const ids = told.flatMap(({ object }) => objectId.exec(object)?.[0] ?? []);
  const { rows } = await session.query(relationNamesSql, [ids]);
  const names = new Map(rows.map((row) => [row["id"] as string, row["name"] as string | null]));
  return told.map(({ aspect, object }) =>
    `${aspect} ${object.replace(objectId, (id) => names.get(id) ?? id)} differs from the template`.replace("  ", " "),
  );
}
