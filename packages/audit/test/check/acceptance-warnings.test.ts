// An acceptance that does nothing is said: which one, where it stands, whether it has run out or means nothing.
import { expect, test } from "vitest";
import { acceptanceWarnings } from "../../src/check/acceptance-warnings.ts";
import type { Acceptances } from "../../src/check/assemble.ts";
import type { Acceptable } from "../../src/config/acceptance.ts";

const posts: Acceptable = {
  id: "B21-posts.read_all",
  vector: "B21",
  object: { kind: "policy", schema: "public", name: "posts", part: "read_all" },
  place: { file: "db/2.sql", line: 12 },
};
const entry = { rule: "B21", target: "posts", reason: "public by design", expires: "2026-12-31" };
const comment = {
  rules: ["B21"],
  until: "2026-12-01",
  reason: "public by design",
  owner: null,
  file: "db/2.sql",
  line: 11,
  covers: { from: 12, to: 14 },
};
const said = (
  acceptances: Partial<Acceptances>,
  judged: Partial<Parameters<typeof acceptanceWarnings>[1]> = {},
): string[] =>
  acceptanceWarnings(
    {
      accept: [],
      suppressions: [],
      file: "watertight.config.ts",
      baseline: new Set(),
      today: new Date("2026-11-21T12:00:00Z"),
      ...acceptances,
    },
    { findings: [posts], problems: [], baselineFile: ".watertight/baseline.json", complete: true, ...judged },
  ).map(({ kind, where, id, text }) => `${kind} ${where} ${id}: ${text}`);

test("one that is in force and meets a finding is no news", () => {
  expect(said({ accept: [entry, { ...entry, target: "B21-posts.read_all" }], suppressions: [comment] })).toEqual([]);
});

test("one that matches nothing, with what the rule was found on", () => {
  expect(said({ accept: [entry, { ...entry, target: "post" }, { ...entry, rule: "B2" }] })).toEqual([
    "unmatched watertight.config.ts: accept[1] B21 post: accepts nothing: no finding matches it (B21 was found as B21-posts.read_all)",
    "unmatched watertight.config.ts: accept[2] B2 posts: accepts nothing: no finding matches it (B2 was found nowhere)",
  ]);
});

test("one that has run out, whether or not it meets a finding", () => {
  const old = { ...entry, expires: "2026-11-20" };
  expect(said({ accept: [old, { ...old, target: "post" }] })).toEqual([
    "expired watertight.config.ts: accept[0] B21 posts: expired on 2026-11-20 and accepts nothing any more: B21-posts.read_all counts",
    "expired watertight.config.ts: accept[1] B21 post: expired on 2026-11-20 and accepts nothing any more; no finding matches it, so it can go",
  ]);
});

test("a comment is judged rule by rule, at its file and line", () => {
  const moved = { ...comment, covers: { from: 20, to: 22 } };
  expect(said({ suppressions: [{ ...comment, rules: ["B21", "E1"] }, moved] })).toEqual([
    "unmatched db/2.sql:11 E1: accepts nothing: no finding matches it (E1 was found nowhere)",
    "unmatched db/2.sql:11 B21: accepts nothing: no finding matches it (B21 was found at db/2.sql:12)",
  ]);
  expect(said({ suppressions: [{ ...comment, until: "2026-11-20" }] })).toEqual([
    "expired db/2.sql:11 B21: expired on 2026-11-20 and accepts nothing any more: B21-posts.read_all counts",
  ]);
  expect(said({}, { problems: [{ file: "db/3.sql", line: 4, text: "names no rule, for example B4" }] })).toEqual([
    "invalid db/3.sql:4 watertight:ignore: names no rule, for example B4",
  ]);
});

test("the baseline's entries that are gone, in one line", () => {
  expect(said({ baseline: new Set(["B21-posts.read_all", "A1-a", "A1-b"]) })).toEqual([
    "unmatched .watertight/baseline.json A1-a, A1-b: are known findings that are there no more: watertight check --update-baseline",
  ]);
});

test("where not all was looked for, nobody says that nothing matches", () => {
  const accept = [
    { ...entry, rule: "B2" },
    { ...entry, rule: "B2", expires: "2026-11-20" },
  ];
  expect(said({ accept, baseline: new Set(["A1-a"]) }, { complete: false })).toEqual([
    "expired watertight.config.ts: accept[1] B2 posts: expired on 2026-11-20 and accepts nothing any more",
  ]);
});
