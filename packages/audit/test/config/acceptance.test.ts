// Which finding an acceptance means, and until when.
import { expect, test } from "vitest";
import { type Acceptable, acceptanceOf, acceptProblems } from "../../src/config/acceptance.ts";

const today = new Date("2026-11-21T23:59:00Z");
const entry = { rule: "B21", target: "public.posts", reason: "public by design", expires: "2026-12-31" };
const finding: Acceptable = {
  id: "B21-posts",
  vector: "B21",
  object: { kind: "policy", schema: "public", name: "posts", part: "read_all" },
  place: { file: "db/2.sql", line: 12 },
};
const suppression = {
  rules: ["B21"],
  until: "2026-12-01",
  reason: "public by design",
  owner: null,
  file: "db/2.sql",
  line: 11,
  covers: { from: 12, to: 14 },
};

test.each(["public.posts", "posts", "posts.read_all", "public.posts.read_all", "B21-posts"])("target %s", (target) => {
  expect(acceptanceOf(finding, [{ ...entry, target }], [], today, "c.ts")).toEqual({
    reason: "public by design",
    until: "2026-12-31",
    where: "c.ts: accept[0]",
  });
});

test.each(["post", "app.posts", "read_all", "B21"])("target %s means something else", (target) => {
  expect(acceptanceOf(finding, [{ ...entry, target }], [], today, "c.ts")).toBeNull();
});

test("another rule, or a day that has passed, accepts nothing", () => {
  expect(acceptanceOf(finding, [{ ...entry, rule: "B2" }], [], today, "c.ts")).toBeNull();
  expect(acceptanceOf(finding, [{ ...entry, expires: "2026-11-20" }], [], today, "c.ts")).toBeNull();
  expect(acceptanceOf(finding, [{ ...entry, expires: "2026-11-21" }], [], today, "c.ts")).not.toBeNull();
});

test("an inline suppression means the statement to blame", () => {
  expect(acceptanceOf(finding, [], [suppression], today, "c.ts")).toEqual({
    reason: "public by design",
    until: "2026-12-01",
    where: "db/2.sql:11",
  });
  expect(acceptanceOf(finding, [], [{ ...suppression, covers: { from: 13, to: 14 } }], today, "c.ts")).toBeNull();
  expect(acceptanceOf(finding, [], [{ ...suppression, file: "db/3.sql" }], today, "c.ts")).toBeNull();
  expect(acceptanceOf(finding, [], [{ ...suppression, until: "2026-11-20" }], today, "c.ts")).toBeNull();
  expect(acceptanceOf({ ...finding, place: null }, [], [suppression], today, "c.ts")).toBeNull();
});

test("too far ahead and run out are told apart", () => {
  const entries = [entry, { ...entry, expires: "2027-06-01" }, { ...entry, expires: "2026-01-01" }];
  expect(acceptProblems(entries, today, 90)).toEqual([
    {
      expired: false,
      sentence: "accept[1] (B21 public.posts) runs until 2027-06-01; at most 90 days are allowed, until 2027-02-19",
    },
    { expired: true, sentence: "accept[2] (B21 public.posts) expired on 2026-01-01" },
  ]);
});
