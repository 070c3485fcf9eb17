/**
 * Policies that believe rows which the user may write (B11): a member of A makes itself a member of B with one INSERT or UPDATE, and then
 * reads. The whole chain is the attack. And names that a policy's function looks up unqualified, shadowed by a temporary table (B17).
 */
import { quoteName, type Relation, type Routine } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { uuidFrom } from "../personas/tenants.ts";
import { conditionText, insertText, literal, nameOf, type Values } from "../seed/values.ts";
import type { Actor, Attack, Control, Step } from "./attack.ts";
import { Forge, insertParts, mainStance, shownColumns } from "./forms.ts";
import { namedIn, policyRoutines, trustedBy } from "./paths.ts";
import { grantTemp, openTable, rightsOf, type Target, unboundControl, type World } from "./world.ts";

/** Columns of a trusted table that name a user, and those that name a tenant. */
function columnsOf(world: World, relation: Relation, holds: "user" | "tenant"): string[] {
  return relation.columns
    .filter(({ name, generated }) => generated === null && world.meaning.holds(relation, name) === holds)
    .map(({ name }) => name);
}

/** Columns of the table's keys. */
const keyColumns = (world: World, { schema, name }: Relation): Set<string | null> =>
  new Set(
    world.facts.snapshot.indexes
      .filter(({ unique, relation }) => unique && relation.schema === schema && relation.name === name)
      .flatMap(({ columns }) => columns),
  );

/** A row by which A's user would belong to B: like one of B's, with a key of its own. */
function joiningRow(world: World, base: Relation): Values | null {
  const users = columnsOf(world, base, "user");
  const tenants = columnsOf(world, base, "tenant");
  const like = world.seeded.spares.get(dotted(base))?.B ?? world.book.of(base, "B")[0]?.values;
  if (!like || users.length === 0) return null;
  const keys = keyColumns(world, base);
  const row = new Map<string, string | null>();
  for (const [name, value] of like) {
    const column = base.columns.find((each) => each.name === name);
    if (users.includes(name)) row.set(name, world.tenants.a.users[0]);
    else if (!keys.has(name) || tenants.includes(name)) row.set(name, value);
    else if (column?.type === "uuid") row.set(name, uuidFrom(world.random, `join ${dotted(base)} ${name}`));
    else if (column?.default === null && column.identity === null) row.set(name, value);
  }
  return row;
}

/** Statements by which A might join B, each with its name. */
function joins(world: World, actor: Actor, base: Relation): { readonly name: string; readonly sql: string }[] {
  const rights = rightsOf(world, actor, base);
  const { a, b } = world.tenants;
  const name = nameOf(base);
  const users = columnsOf(world, base, "user");
  const tenants = columnsOf(world, base, "tenant");
  const found: { name: string; sql: string }[] = [];
  const row = joiningRow(world, base);
  if (row && rights.insert.size > 0) {
    const { row: given, overriding } = insertParts(base, row);
    found.push({
      name: `insert oneself into ${base.name} for tenant B`,
      sql: insertText(name, given, overriding !== ""),
    });
  }
  if (users.length > 0 && tenants.some((column) => rights.update.has(column))) {
    const set = tenants.map((column) => `${quoteName(column)} = ${literal(b.id)}`).join(", ");
    const where = conditionText([users[0]!], new Map([[users[0]!, a.users[0]]]));
    found.push(
      {
        name: `update one's own row of ${base.name} to tenant B`,
        sql: `update ${name} set ${set} where ${where}`,
      },
      // without WHERE the new row need not pass the SELECT policies
      {
        name: `update ${base.name} to tenant B without filter`,
        sql: `update ${name} set ${set}`,
      },
    );
  }
  if (users.some((column) => rights.update.has(column)) && tenants.length > 0) {
    const set = users.map((column) => `${quoteName(column)} = ${literal(a.users[0])}`).join(", ");
    const where = conditionText(
      [tenants[0]!, users[0]!],
      new Map([
        [tenants[0]!, b.id],
        [users[0]!, b.users[0]],
      ]),
    );
    found.push({ name: `take over a row of ${base.name}`, sql: `update ${name} set ${set} where ${where}` });
  }
  return found;
}

/** The attacks that join B and then read the table. */
export function trustAttacks(world: World, target: Target, actor: Actor): Attack[] {
  if (actor.kind === "anonymous" || !target.relation.rowSecurity || world.tenants.a.users[0] === world.tenants.a.id)
    return [];
  const shown = shownColumns(world, target, actor);
  if (shown === null) return [];
  const forge = new Forge(world, target, actor, "side-door", "B11");
  return trustedBy(world, target.relation).flatMap((base) =>
    joins(world, actor, base).map(({ name, sql }) => {
      const steps: Step[] = [
        { sql, note: "a member of A makes itself a member of B" },
        { sql: `select ${shown} from ${target.name}`, note: "no row of tenant B may appear" },
      ];
      const attack = forge.read(`${name}, then select`, mainStance(actor), steps, "B11");
      const open = openTable(world, actor, [base], `row security of ${base.name} off, all rights granted`);
      return { ...attack, object: base.name, controls: [open] };
    }),
  );
}

const pinned = (routine: Routine): boolean =>
  routine.atomic ||
  routine.settings.some((setting) => /^search_path=(""|''|)$|^search_path=.*pg_temp$/.test(setting.trim()));

// Written without a schema, or the temporary table would never be found.
const unqualified = (routine: Routine, relation: Relation): boolean =>
  new RegExp(`(?<![\\w."])"?${relation.name.replaceAll(/\W/g, "\\$&")}"?(?!["\\w]*\\s*\\()`).test(routine.body);

/** The attacks that put a temporary table before the one that a policy's function means. */
export function shadowAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const shown = shownColumns(world, target, actor);
  if (shown === null || !target.relation.rowSecurity || actor.kind === "anonymous") return [];
  const forge = new Forge(world, target, actor, "side-door", "B17");
  return policyRoutines(world, target.relation).flatMap((routine) => {
    if (pinned(routine)) return [];
    const bases = namedIn(world, routine).filter(
      (base) =>
        (base.kind === "r" || base.kind === "p") && unqualified(routine, base) && world.book.of(base, "B").length > 0,
    );
    return bases.map((base) => {
      const users = columnsOf(world, base, "user");
      const rows = world.book.of(base, "B").map(({ values }) => values);
      const row = new Map(
        [...rows[0]!].map(([name, value]) => [name, users.includes(name) ? world.tenants.a.users[0] : value]),
      );
      const columns = base.columns.filter(({ generated }) => generated === null);
      const temp = `pg_temp.${quoteName(base.name)}`;
      const given = new Map(columns.map(({ name }) => [name, row.get(name) ?? null]));
      const steps: Step[] = [
        {
          sql: `create temp table ${quoteName(base.name)} (${columns.map(({ name, type }) => `${quoteName(name)} ${type}`).join(", ")})`,
        },
        { sql: insertText(temp, given, false), note: "a membership that the attacker writes for itself" },
        { sql: `grant select on ${temp} to public`, note: "a function of another owner must be able to read it" },
        { sql: `select ${shown} from ${target.name}`, note: "no row of tenant B may appear" },
      ];
      const attack = forge.read(
        `temporary table ${base.name} before the one that ${routine.name} means`,
        mainStance(actor),
        steps,
        "B17",
      );
      const temps: Control = {
        off: `${routine.name} with the caller's search path and rights, TEMP granted`,
        sql: [
          `alter function ${routine.signature} reset all`,
          `alter function ${routine.signature} security invoker`,
          grantTemp(actor),
        ],
      };
      return { ...attack, object: routine.name, controls: [temps, unboundControl] };
    });
  });
}
