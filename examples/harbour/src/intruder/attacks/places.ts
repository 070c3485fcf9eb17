// Attempts at the borders between places: the path, a stolen login, a stolen key, a catalog that is wrong. They mean something only where tenants live
// in places that a control plane made.
import { rowsOf } from "../../database/names.ts";
import type { Attempt, BreakIn, Scene } from "../scene.ts";

function breakInOf({ breakIn }: Scene): BreakIn {
  if (breakIn === undefined) throw new Error("there are no places to break into");
  return breakIn;
}

const comments = ({ theirs, targets }: Scene): string =>
  `select body from ${theirs.table("comments")} where ${rowsOf(theirs, targets.tenant)} limit 50`;

export const places: readonly Attempt[] = [
  {
    id: "left-path",
    title: "search_path left at B's schema",
    run: async (s) => {
      const [schema] = s.theirs.table("comments").split(".");
      await s.attacker.sql(`select set_config('search_path', '${schema!}', false)`);
      await s.attacker.sql("select body from comments limit 50");
      await s.attacker.sql(comments(s));
    },
  },
  {
    id: "stolen-login",
    title: "the login of A's place, at B's database",
    run: async (s) => s.heard(await breakInOf(s).withStolenLogin("theirs", comments(s))),
  },
  {
    id: "stolen-key",
    title: "login and key of A's place, as B",
    // who has both can open every tenant of that place: the key is what must not be lost there
    applies: ({ apart }) => apart,
    run: async (s) => {
      s.heard(await breakInOf(s).withStolenLogin("own", comments(s), s.targets.tenant));
      s.heard(await breakInOf(s).withStolenLogin("theirs", comments(s), s.targets.tenant));
    },
  },
  {
    id: "wrong-route",
    title: "the catalog sends A to B's place",
    applies: ({ together }) => !together,
    run: async (s) =>
      breakInOf(s).misrouted(async () => {
        await s.attacker.get("/v1/customers");
        await s.attacker.get(`/v1/attachments/${s.targets.attachment}`);
      }),
  },
];
