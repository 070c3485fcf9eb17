/**
 * Rows of tenants in tables that belong to nobody: histories, logs, search documents that a trigger writes. The seeds have fired every trigger, so
 * B's canary shows wherever a copy went. Only a hit says something: a table without one stays what it was taken for.
 */
import { quoteName, type Relation } from "@watertight/schema";
import { isDirectory } from "../../rules/predicate/directory.ts";
import { peopleOf } from "../../understand/tenants/people.ts";
import { nameOf } from "../seed/values.ts";
import type { Actor, Attack, Ruling, Seen } from "./attack.ts";
import { mainStance } from "./forms.ts";
import { isUnclear, said } from "./judge.ts";
import { rightsOf, type World } from "./world.ts";

/** How attacks are called that look into a table of people which all tenants share: what shows there is no copy, the rows are the people themselves. */
export const lookForPeople = "look for people of tenant B in a table that all share";
const lookForData = "look for data of tenant B in a table of nobody";

/** Whether an attack looks for copies, or for people. */
export const looksForCopies = ({ name, controls }: Attack): boolean =>
  controls.length === 0 && (name.startsWith(lookForData) || name.startsWith(lookForPeople));

/** What is wrong with a table of people: nothing guards it, its policies let everybody in, or it may be meant as a list of members. */
function vectorOf({ facts }: World, relation: Relation, columns: readonly { readonly name: string }[]): string {
  if (isDirectory(facts, relation, (name) => columns.some((column) => column.name === name))) return "B21";
  return relation.rowSecurity ? "B2" : "A1";
}

/** The attacks of a role on tables that are taken for shared, or that nobody understands. */
export function copyAttacks(world: World, actor: Actor): Attack[] {
  const { understanding } = world.facts;
  return understanding.tables.flatMap(({ relation: at, tenancy }): Attack[] => {
    if (tenancy.kind !== "global" && tenancy.kind !== "unknown") return [];
    const relation = world.graph.relation(at);
    if (relation === undefined || relation.kind === "f") return [];
    const rights = rightsOf(world, actor, relation);
    const columns = relation.columns.filter(({ name }) => rights.selectAll || rights.select.has(name));
    if (columns.length === 0) return [];
    const people = tenancy.kind === "global" && peopleOf(world.graph).tables.includes(relation);
    const vector = people ? vectorOf(world, relation, columns) : "A12";
    const { canary } = world.tenants.b;
    const list = columns.map(({ name }) => quoteName(name)).join(", ");
    const sql = `select to_json(x)::text as row from (select ${list} from ${nameOf(relation)}) x where to_json(x)::text like '%${canary}%' limit 3`;
    const judge = ({ answers: [answer] }: Seen): Ruling => {
      const { error } = answer!;
      if (error) return { result: isUnclear(error.code) ? "error" : "blocked", evidence: said(error) };
      const [first] = answer!.rows;
      return first === undefined
        ? { result: "blocked", evidence: "nothing of tenant B" }
        : {
            result: "leaked",
            evidence: `read ${people ? "a person of tenant B" : "a copy of tenant B's data"}: ${(first[0] ?? "").slice(0, 160)}`,
          };
    };
    const stance = mainStance(actor);
    return [
      {
        vector,
        column: "read",
        table: at,
        object: null,
        name: `${people ? lookForPeople : lookForData}, ${stance.persona === "anonymous" ? "signed in as nobody" : "in A's context"}, reused connection`,
        actor,
        ...stance,
        steps: [{ sql, note: "no data of tenant B may appear" }],
        watch: [],
        judge,
        controls: [],
      },
    ];
  });
}
