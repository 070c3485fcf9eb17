// Keys change without downtime: after rotation both sign, after retirement only the new one; the last one stays.
import { installKit, listKeys, openContext, registerTenants, retireKey, rotateKey } from "@watertight/schema";
import { createDatabase, describeServers } from "@watertight/testkit";
import pg from "pg";
import { describe, expect, it } from "vitest";

describeServers((server) => {
  describe("keys", () => {
    it("rotates and retires", async () => {
      const db = await createDatabase(server, { kit: true });
      const app = new pg.Client({ connectionString: db.appUrl });
      await app.connect();
      const opens = async (key: string): Promise<string> => {
        await app.query("begin");
        const result = await openContext(app, "a", "sealed", key).then(
          () => "opened",
          (error: pg.DatabaseError) => `${error.code} ${error.detail}`,
        );
        await app.query("rollback");
        return result;
      };
      try {
        await registerTenants(db.admin, ["a"]);
        const old = db.key.split(":")[0]!;
        const { key, kid, retiring } = await rotateKey(db.admin);
        expect(retiring).toEqual([old]);
        expect([await opens(db.key), await opens(key)]).toEqual(["opened", "opened"]);
        expect(new Map((await listKeys(db.admin)).map((each) => [each.kid, each.state]))).toEqual(
          new Map([
            [kid, "active"],
            [old, "retiring"],
          ]),
        );
        await expect(retireKey(db.admin, kid)).rejects.toMatchObject({ code: "WT_KIT_KEY_LAST" });
        await expect(retireKey(db.admin, "none")).rejects.toMatchObject({ code: "WT_KIT_KEY" });
        await retireKey(db.admin, old);
        expect([await opens(db.key), await opens(key)]).toEqual(["WT001 unknown key", "opened"]);
        await expect(rotateKey(db.admin, { key })).rejects.toMatchObject({ code: "WT_KIT_KEY" });
        const events = await db.admin.query(
          "select kind, detail from watertight.event where kind like 'kit_key%' order by id",
        );
        expect(events.rows).toEqual([
          { kind: "kit_key_rotated", detail: { kid } },
          { kind: "kit_key_retired", detail: { kid: old } },
        ]);
        // a second installation does not make a key while one is there
        expect((await installKit(db.admin)).key).toBeUndefined();
        // the secrets of the old and the new key are nowhere in the database
        const dump = await db.admin.query("select string_agg(k::text, '') as text from watertight.key k");
        expect(dump.rows[0].text).not.toContain(Buffer.from(key.slice(5), "base64url").toString("hex"));
      } finally {
        await app.end();
        await db.drop();
      }
    });
  });
});
