// The context holds the key of a session, and a table says whose it is: the personas must really be somebody there, or nothing was attacked.
import { readFile } from "node:fs/promises";
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { attackSchema } from "../../src/matrix/attack-schema.ts";
import { type AttackGround, attackGround } from "./attack-ground.ts";

const club = (): Promise<string> =>
  readFile(new URL("../rules/clean-styles/session-rows-and-invitations.sql", import.meta.url), "utf8");
const attacked = async (ground: AttackGround): ReturnType<typeof attackSchema> => {
  try {
    return await attackSchema(ground.server, ground.facts, { seed: "club" });
  } finally {
    await ground.drop();
  }
};

describeServers((server) => {
  test("a key of a session is the context, and no id of a user", async () => {
    const ground = await attackGround(server, await club());
    const { context } = ground.facts.understanding;
    expect(context).toEqual([
      {
        kind: "setting",
        setting: "club.login",
        holds: "user",
        session: {
          relation: { schema: "club_private", name: "logins" },
          column: "token",
          person: "person_id",
          type: "text",
        },
      },
    ]);
    const matrix = await attacked(ground);
    expect(matrix.seeded.filter(({ problem }) => problem !== null)).toEqual([]);
    const of = (table: string, column: string): string => {
      const cell = matrix.cells.find((each) => each.table.name === table && each.column === column);
      return `${cell?.verdict} ${cell?.reason ?? ""}`.trim();
    };
    // A sees its own rows, so that "0 rows of B" means something
    for (const table of ["groups", "group_members", "invitations", "person_emails"])
      expect([table, of(table, "read")]).toEqual([table, expect.stringMatching(/^BLOCKED/)]);
    expect(of("people", "read")).toMatch(/^LEAK/);
    const calls = matrix.cells.flatMap(({ attempts }) => attempts).filter(({ vector }) => vector === "D4");
    expect(calls.filter(({ result }) => result === "leaked")).toEqual([]);
    // nobody can name another's session
    expect(matrix.notes.map(({ vector }) => vector)).not.toContain("C8");
  });

  test("a function that believes an id is found out", async () => {
    const sql = `create function club.group_names(wanted uuid) returns setof text language sql stable security definer set search_path = ''
        as $$ select name from club.groups where id = wanted and club.me() is not null $$;
      grant execute on function club.group_names(uuid) to club_visitor;`;
    const matrix = await attacked(await attackGround(server, (await club()) + sql));
    const cell = matrix.cells.find(({ table, column }) => table.name === "groups" && column === "side-door");
    expect(cell?.verdict).toBe("LEAK");
    expect(cell?.attempts.filter(({ result }) => result === "leaked").map(({ object }) => object)).toContain(
      "group_names",
    );
  });
});
