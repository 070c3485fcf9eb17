/**
 * Rows of tenants in tables that belong to nobody: histories, logs, search documents that a trigger writes. The seeds have fired every trigger, so
 * B's canary shows wherever a copy went. Only a hit says something: a table without one stays what it was taken for.
 */
import { quoteName } from "@watertight/schema";
import { nameOf } from "../seed/values.ts";
import type { Actor, Attack, Ruling, Seen } from "./attack.ts";
import { mainStance } from "./forms.ts";
import { rightsOf, type World } from "./world.ts";

const vector = "A12";

/** Whether an attack looks for copies. */
export const looksForCopies = ({ vector: of, controls, column }: Attack): boolean =>
  of === vector && column === "read" && controls.length === 0;

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
    const { canary } = world.tenants.b;
    const list = columns.map(({ name }) => quoteName(name)).join(", ");
    const sql = `select to_json(x)::text as row from (select ${list} from ${nameOf(relation)}) x where to_json(x)::text like '%${canary}%' limit 3`;
    const judge = ({ answers: [answer] }: Seen): Ruling => {
      if (answer!.error) return { result: "blocked", evidence: `${answer!.error.code} ${answer!.error.message}` };
      const [first] = answer!.rows;
      return first === undefined
        ? { result: "blocked", evidence: "nothing of tenant B" }
        : { result: "leaked", evidence: `read a copy of tenant B's data: ${(first[0] ?? "").slice(0, 160)}` };
    };
    const stance = mainStance(actor);
    return [
      {
        vector,
        column: "read",
        table: at,
        object: null,
        name: `look for data of tenant B in a table of nobody, ${stance.persona === "anonymous" ? "signed in as nobody" : "in A's context"}, reused connection`,
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
