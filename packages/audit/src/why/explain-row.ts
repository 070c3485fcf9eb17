/**
 * Joins the values of all policies to the answer for each command, as PostgreSQL joins them: permissive ones by OR, restrictive ones by AND, WITH CHECK or
 * else USING for rows that are written, and SELECT's policies for every command that looks for its rows.
 */
import type { Queryable } from "@watertight/schema";
import { courtOf } from "../rules/predicate/court.ts";
import type { Door, Guard } from "../rules/predicate/effective.ts";
import type { Facts } from "../rules/rule.ts";
import { evaluate, type RowValue } from "./evaluate.ts";
import type { CommandAnswer, PolicyValue, SideValue } from "./explanation.ts";
import { unboundReason } from "./unbound-reason.ts";

type Command = Door["command"];
const commands: readonly Command[] = ["select", "insert", "update", "delete"];
const sidesOf: Readonly<Record<Command, readonly Door["side"][]>> = {
  select: ["using"],
  insert: ["check"],
  update: ["using", "check"],
  delete: ["using"],
};

/** Who asks. The transaction of `db` acts as this role, in its context. */
export interface Asking {
  readonly db: Queryable;
  readonly facts: Facts;
  readonly row: RowValue;
  readonly role: string;
}

/** The answer for every command. */
export async function answerCommands(asking: Asking): Promise<CommandAnswer[]> {
  const granted = await privileges(asking);
  const answers: CommandAnswer[] = [];
  for (const command of commands) {
    const sides: SideValue[] = [];
    for (const side of sidesOf[command]) sides.push(await sideValue(asking, { command, side }));
    answers.push(answer(asking, command, granted.has(command), sides, answers[0]));
  }
  return answers;
}

function answer(
  { facts, row, role }: Asking,
  command: Command,
  granted: boolean,
  sides: readonly SideValue[],
  select: CommandAnswer | undefined,
): CommandAnswer {
  const say = (allowed: boolean, because: string): CommandAnswer => ({ command, allowed, because, granted, sides });
  if (!granted) return say(false, `${role} has no ${command.toUpperCase()} on the table`);
  const unbound = unboundReason(facts, role, row.relation);
  if (unbound !== null) return say(true, unbound);
  const refusing = sides.find(({ allows }) => !allows);
  if (refusing !== undefined) return say(false, refusing.because);
  if ((command === "update" || command === "delete") && select !== undefined && !select.sides[0]!.allows)
    return say(false, "SELECT's policies hide the row, so no WHERE finds it");
  return say(true, sides.at(-1)!.because);
}

async function sideValue({ db, facts, row, role }: Asking, door: Door): Promise<SideValue> {
  const court = courtOf(facts);
  const { permissive, restrictive } = court.policies.guards(row.relation, court.rights(role), door);
  const read = async (guards: readonly Guard[]): Promise<PolicyValue[]> => {
    const values: PolicyValue[] = [];
    for (const { policy, reused } of guards) {
      const side = reused ? "using" : door.side;
      const term = await evaluate(db, row, policy[side]!);
      values.push({
        policy: policy.name,
        permissive: policy.permissive,
        side,
        reused,
        value: term.value,
        decides: false,
        term,
      });
    }
    return values;
  };
  return joined(door.side, await read(permissive), await read(restrictive));
}

/** What the policies of a side say together, and which of them decide. */
function joined(
  side: Door["side"],
  permissive: readonly PolicyValue[],
  restrictive: readonly PolicyValue[],
): SideValue {
  const open = permissive.find(({ value }) => value === true);
  const shut = restrictive.find(({ value }) => value !== true);
  const words = side === "using" ? "USING" : "WITH CHECK";
  const deciding = (open === undefined ? permissive : shut === undefined ? [open, ...restrictive] : [shut]).map(
    ({ policy }) => policy,
  );
  const because =
    permissive.length === 0
      ? "no permissive policy is for this role and command, so nothing passes"
      : open === undefined
        ? `no permissive policy lets the row through (${words} of ${permissive.map(({ policy }) => policy).join(", ")})`
        : shut === undefined
          ? `policy ${open.policy} lets the row through`
          : `restrictive policy ${shut.policy} stops the row`;
  return {
    side,
    allows: open !== undefined && shut === undefined,
    because,
    policies: [...permissive, ...restrictive].map((each) => ({ ...each, decides: deciding.includes(each.policy) })),
  };
}

async function privileges({ db, row: { relation }, role }: Asking): Promise<Set<Command>> {
  const { rows } = await db.query(
    `select p.command from (values ('select'), ('insert'), ('update'), ('delete')) p (command), pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = $2 and pg_catalog.has_schema_privilege($3::name, n.oid, 'USAGE')
        and case p.command when 'delete' then pg_catalog.has_table_privilege($3::name, c.oid, 'DELETE')
              else pg_catalog.has_any_column_privilege($3::name, c.oid, p.command) end`,
    [relation.schema, relation.name, role],
  );
  return new Set(rows.map((found) => found["command"] as Command));
}
