// The reader of the catalog against a schema that has one of everything.
import { readSnapshot, type Snapshot } from "@watertight/schema";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { everything } from "./everything.ts";

describeServers((server) => {
  let db: TestDatabase;
  let snapshot: Snapshot;
  beforeAll(async () => {
    db = await createDatabase(server);
    await db.admin.query(everything);
    snapshot = await readSnapshot(db.admin);
  });
  afterAll(() => db.drop());

  it("is plain data that survives JSON", () => {
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    expect(snapshot.unreadable).toEqual([]);
  });

  it("prints a name that a policy bound inwards as such (B10)", () => {
    const policy = (name: string): string | null | undefined => {
      const found = snapshot.policies.find((each) => each.name === name);
      return found?.check === "true" ? found.using : found?.check;
    };
    expect(policy("inward")).toContain("(m.tenant_id = m.tenant_id)");
    expect(policy("outward")).toContain("(m.tenant_id = (projects.tenant_id)::uuid)");
  });
});
