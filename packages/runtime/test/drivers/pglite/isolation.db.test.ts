/** The isolation table on PGlite, at every level; the kit's installer runs there unchanged. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isolationCases } from "../../isolation/isolation-cases.ts";
import { tenantA } from "../../isolation/note-table.ts";
import type { Level, Subject } from "../../isolation/subject.ts";
import { asSuperuser, type PgliteDatabase, pgliteDatabase, subjectOf } from "./pglite-database.ts";

let database: PgliteDatabase;
beforeAll(async () => {
  database = await pgliteDatabase();
});
afterAll(() => database.db.close());

test("the kit installs completely: nothing is skipped", () => {
  expect(database.report.steps.filter((step) => step.state === "skipped")).toEqual([]);
  expect(database.report.applied.length).toBeGreaterThan(5);
});

describe.each<Level>(["sealed", "plain", "hostile"])("level %s", (level) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = subjectOf(database.db, level, await database.atLevel(level));
  });
  test.each(isolationCases)("$name", ({ run }) => run(subject));
});

test("control: PGlite's own query as its superuser sees every tenant, and as the app role nothing", async () => {
  const all = "select count(*)::int as n from note";
  expect((await asSuperuser(database.db, () => database.db.query(all))).rows).toEqual([{ n: 40 }]);
  await expect(database.db.query(all)).rejects.toMatchObject({ code: "WT004" });
});

test("control: without the role in front of each call RESET ROLE would open everything", async () => {
  const tenants = await database.atLevel("sealed");
  await tenants.for(tenantA).query("reset role");
  expect(
    (await database.db.query("select count(*)::int as n from note")).rows,
    "the session itself is a superuser's",
  ).toEqual([{ n: 40 }]);
  expect((await tenants.for(tenantA).query("select count(*)::int as n from note")).rows).toEqual([{ n: 20 }]);
});
