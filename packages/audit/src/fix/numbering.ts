/**
 * Names of new migrations that run after all that are there, in the numbering of the last one. Must never answer a name that sorts before an old one.
 */
import { posix } from "node:path";
import type { MigrationSet } from "../find/migration.ts";

/** Gives the n-th new migration, counted from 0, what its name begins with. */
export type Numbering = (at: number) => string;

/** YYYYMMDDHHMMSS in UTC, one second later for each file. */
function stamp(now: Date, at: number): string {
  return new Date(now.getTime() + at * 1000).toISOString().replaceAll(/[-:T]/g, "").slice(0, 14);
}

const after = (own: string, last: string | undefined, at: number): string =>
  last === undefined || own > last ? own : String(BigInt(last) + BigInt(at + 1));

/** The next number, as wide as the others. */
export function counted({ migrations }: MigrationSet): Numbering {
  const numbers = migrations.flatMap(({ file }) => /^(?:.*\/)?[VUvu]?(\d+)/.exec(file)?.[1] ?? []);
  const width = Math.max(1, ...numbers.map((each) => each.length));
  const highest = numbers.reduce((most, each) => (BigInt(each) > most ? BigInt(each) : most), 0n);
  return (at) => (highest + BigInt(at + 1)).toString().padStart(width, "0");
}

const lastStamp = ({ migrations }: MigrationSet): string | undefined => {
  const file = migrations.at(-1)?.file ?? "";
  const named = posix.basename(file) === "migration.sql" ? posix.dirname(file) : file;
  return /(\d{14})/.exec(named)?.[1];
};

/** A time, later than the last migration's: that one may lie in the future. */
export function stamped(set: MigrationSet, now: Date): Numbering {
  return (at) => after(stamp(now, at), lastStamp(set), at);
}

/** Milliseconds since 1970, later than any that the set's names hold. */
export function milliseconds({ migrations }: MigrationSet, now: Date): Numbering {
  const latest = migrations
    .flatMap(({ file }) => /^(\d{13})(?!\d)/.exec(posix.basename(file))?.[1] ?? [])
    .toSorted()
    .at(-1);
  return (at) => after(String(now.getTime() + at), latest, at);
}

/** By the last migration: a time where it has one, else the next number. */
export function numbering(set: MigrationSet, now: Date): Numbering {
  return lastStamp(set) === undefined ? counted(set) : stamped(set, now);
}

/** For programs, whose names also begin with milliseconds, a date with or without marks, or no number at all. */
export function programNumbering(set: MigrationSet, now: Date): Numbering {
  const base = posix.basename(set.migrations.at(-1)?.file ?? "");
  const digits = /^\d+/.exec(base)?.[0] ?? "";
  // a longer name sorts behind its beginning
  const behind: Numbering = (at) => `${base.replace(/\.\w+$/, "")}_${at + 1}`;
  const [date, mark] = /^\d{4}([-_.])\d\d\1\d\d(?!\d)/.exec(base) ?? [];
  if (date !== undefined) {
    const today = now.toISOString().slice(0, 10).replaceAll("-", mark!);
    return today > date ? (at) => `${today}_${at + 1}` : behind;
  }
  switch (digits.length) {
    case 0:
      return behind;
    case 13:
      return milliseconds(set, now);
    case 17:
      return (at) => after(`${stamp(now, at)}000`, digits, at);
    default:
      return numbering(set, now);
  }
}
