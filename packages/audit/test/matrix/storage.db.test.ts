// Files of Supabase: by an owner's column they are attacked like any row; by their path alone they are not, and that is said in every cell.
import { readFile } from "node:fs/promises";
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { attackSchema } from "../../src/matrix/attack-schema.ts";
import type { Cell } from "../../src/matrix/matrix.ts";
import { attackGround, supabaseBase } from "./attack-ground.ts";
import { cleanOrg } from "./org.ts";

const storage = async (): Promise<string> =>
  (await readFile(new URL("../../sql/supabase/storage.sql", import.meta.url), "utf8"))
    .replaceAll(/supabase_admin|supabase_storage_admin|dashboard_user/g, "postgres_of_storage")
    .replaceAll("service_role, postgres;", "service_role;")
    .replaceAll("usage on schema storage to postgres,", "usage on schema storage to");

describeServers((server) => {
  const files = async (policy: string): Promise<Cell[]> => {
    const base = `create role postgres_of_storage nologin;\n${await supabaseBase()}${cleanOrg}reset role;\n${await storage()}\n`;
    const ground = await attackGround(server, `${base}${policy}`);
    try {
      const { cells } = await attackSchema(ground.server, ground.facts, { seed: "files" });
      return cells.filter(({ table }) => table.schema === "storage" && table.name === "objects");
    } finally {
      await ground.drop();
    }
  };

  test("by their path they are not attacked, with the reason", async () => {
    const cells = await files(
      "create policy own on storage.objects for select to authenticated using ((storage.foldername(name))[1] = (select auth.uid())::text);",
    );
    expect(new Set(cells.map(({ verdict }) => verdict))).toEqual(new Set(["UNVERIFIED"]));
    expect(cells[0]!.reason).toMatch(/^not attacked: .*path of a file.*B13/);
  });

  test("by their owner they are", async () => {
    const verdict = async (policy: string): Promise<string | undefined> =>
      (await files(policy)).find(({ column }) => column === "read")?.verdict;
    const own = "create policy own on storage.objects for select to authenticated using (owner = (select auth.uid()));";
    expect(await verdict(own)).toBe("BLOCKED");
    expect(
      await verdict(
        `${own} create policy more on storage.objects for select to authenticated using (bucket_id <> '');`,
      ),
    ).toBe("LEAK");
  });
});
