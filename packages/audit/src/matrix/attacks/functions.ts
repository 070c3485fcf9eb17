/**
 * Functions that run with their owner's rights (D4): called in A's context with the ids of B, they must neither show nor change anything of B,
 * and their answer must not depend on B's rows. A function with the caller's rights can do nothing that plain SQL can't, and is not called.
 */
import { quoteQualified, type Relation, type Routine } from "@watertight/schema";
import { choicesOf } from "../../rules/bodies/chosen-relation.ts";
import { literal } from "../seed/values.ts";
import type { Actor, Attack, Control, Ruling, Seen, Step } from "./attack.ts";
import { Forge, mainStance, written } from "./forms.ts";
import type { Markers } from "./judge.ts";
import { forgetB, namedIn, tenantTables } from "./paths.ts";
import { judgeDependence } from "./views.ts";
import type { Target, World } from "./world.ts";

// Secrets are what such functions are guarded by; whoever has one may use it.
const secret = /token|secret|password|passwd|otp|hash|nonce|signature|api_?key|invite_?code/i;
const tenantWord = /tenant|org|workspace|team|account|company/i;
const userWord = /user|uid|member|owner|author|profile|person/i;

/** A value of B; the same in A's own name; another thing that the argument may mean. */
interface Guess {
  readonly text: string;
  readonly own: string;
  readonly other: string;
}

function idOfTable(world: World, name: string): string | undefined {
  const wanted = name.toLowerCase().replace(/^_?p_|^_|_?id$|_$/g, "");
  if (wanted.length < 3) return undefined;
  const forms = [wanted, `${wanted}s`, `${wanted}es`, wanted.replace(/y$/, "ies")];
  const tables = tenantTables(world);
  // match_id: matches, else order_matches
  const table =
    tables.find((each) => forms.includes(each.name.toLowerCase())) ??
    tables.find((each) => forms.some((form) => each.name.toLowerCase().endsWith(`_${form}`)));
  const [key] = table ? world.graph.primaryKey(table).slice(-1) : [];
  return table && key !== undefined ? (world.book.of(table, "B")[0]?.values.get(key) ?? undefined) : undefined;
}

function guess(world: World, type: string, name: string): Guess {
  const { a, b } = world.tenants;
  const both = (text: string, other = text): Guess => ({ text, own: text, other });
  if (secret.test(name)) return both(type === "uuid" ? "00000000-0000-4000-8000-000000000000" : "none");
  const isId =
    type === world.meaning.tenantType || type === world.meaning.userType || /^(uuid|integer|bigint|text)$/.test(type);
  if (isId && userWord.test(name) && !tenantWord.test(name))
    return { text: b.users[0], own: a.users[0], other: b.users[0] };
  if (isId && tenantWord.test(name)) return both(b.id);
  const known = isId ? idOfTable(world, name) : undefined;
  if (known !== undefined) return both(known);
  if (type === "uuid") return both(b.id, b.users[0]);
  if (/^(smallint|integer|bigint|numeric|real|double)/.test(type))
    return both(/limit|count|size|max/i.test(name) ? "100" : "1");
  if (type === "boolean") return both("true");
  if (/^jsonb?$/.test(type)) return both("{}");
  if (/^(timestamp|date)/.test(type)) return both("2026-01-01");
  if (type.startsWith("interval")) return both("1 day");
  if (type.endsWith("[]")) return both(type === "uuid[]" ? `{${b.id}}` : "{}");
  if (/^(text|character|citext|name)/.test(type))
    return both(/mail/i.test(name) ? `${b.canary}.1@example.test` : b.canary);
  return both("");
}

/** Where the caller chooses the table: the name of the one under attack, and any text beside it. */
function named(routine: Routine, at: number, { arguments: chosen, table }: Naming): Guess | null {
  const type = routine.arguments[at]!;
  if (chosen.has(routine.argumentNames[at] || `$${at + 1}`)) {
    const [plain, full] = [table.name, quoteQualified(table.schema, table.name)];
    return /^(regclass|oid)$/.test(type)
      ? { text: full, own: full, other: full }
      : { text: plain, own: plain, other: full };
  }
  return null;
}

/** A table, and the arguments by which a function can be made to work on it. */
interface Naming {
  readonly arguments: ReadonlySet<string>;
  readonly table: Relation;
}

function calls(world: World, routine: Routine, naming?: Naming): string[] {
  const guesses = routine.arguments.map((type, at): Guess => {
    const wanted = naming === undefined ? null : named(routine, at, naming);
    const usual = wanted ?? guess(world, type, routine.argumentNames[at] ?? "");
    // a search for anything: the text of B may stand in another column
    return wanted === null && naming !== undefined && usual.own === world.tenants.b.canary
      ? { ...usual, own: "%" }
      : usual;
  });
  const texts = [guesses.map(({ text }) => text), guesses.map(({ own }) => own), guesses.map(({ other }) => other)];
  const name = quoteQualified(routine.schema, routine.name);
  return [
    ...new Set(
      texts.map((values) => {
        const list = values
          .map((value, at) => `${literal(value === "" ? null : value)}::${routine.arguments[at]!}`)
          .join(", ");
        return routine.kind === "procedure" ? `call ${name}(${list})` : `select * from ${name}(${list})`;
      }),
    ),
  ];
}

// Whether a user is a member, whether something may be done: answers of one bit about ids that the caller knows already.
function mild(judge: (seen: Seen) => Ruling, routine: Routine): (seen: Seen) => Ruling {
  if (!/^(boolean|void)$/.test(routine.returns)) return judge;
  return (seen) => {
    const found = judge(seen);
    return found.result === "leaked" && found.evidence.startsWith("the answer depends")
      ? { ...found, result: "noted" }
      : found;
  };
}

const callable = (world: World, actor: Actor, routine: Routine): boolean =>
  routine.securityDefiner &&
  (routine.kind === "function" || routine.kind === "procedure") &&
  routine.extension === null &&
  routine.schema !== "watertight" &&
  !/^(trigger|event_trigger)$/.test(routine.returns) &&
  world.rights.call(actor.role, routine.signature);

/** The tables of tenants that a function may reach: those that its text names. */
function reached(world: World, routine: Routine): Relation[] {
  const tables = new Set(tenantTables(world));
  return [...new Set(namedIn(world, routine).map((relation) => world.graph.root(relation)))].filter((relation) =>
    tables.has(relation),
  );
}

function attack(
  world: World,
  target: Target,
  actor: Actor,
  routine: Routine,
  markers: Markers,
  naming?: Naming,
): Attack[] {
  const vector = naming === undefined ? "D4" : "D14";
  const forge = new Forge(world, target, actor, "side-door", vector);
  const tables = naming === undefined ? reached(world, routine) : [naming.table];
  const main = mainStance(actor);
  const controls: Control[] = [{ off: "tenant B calls the same", sql: [], asB: true }];
  const name = `function ${routine.name}`;
  const given = naming === undefined ? "B's ids" : `the name of ${naming.table.name}`;
  return calls(world, routine, naming).flatMap((sql) => {
    const steps: Step[] = [{ sql }, { sql, alone: true }, forgetB(world, tables), { sql }];
    const options = { object: routine.name, vector, controls };
    const asks = forge.write(`call ${name} with ${given}`, main, steps, {
      ...options,
      judge: mild(judgeDependence(markers, written([{ sql }])), routine),
    });
    const list: Attack[] = [{ ...asks, watch: [], heavy: true }];
    if (routine.volatility === "volatile")
      list.push(forge.write(`changes by ${name} with ${given}`, main, sql, { ...options, watch: tables }));
    return list;
  });
}

/** The arguments by which a function can be made to work on a table; undefined without one. */
function namingOf(world: World, routine: Routine, table: Relation): Naming | undefined {
  const fitting = choicesOf(world.facts, routine).relations.filter((each) => each.fits(table));
  return fitting.length === 0 ? undefined : { arguments: new Set(fitting.map(({ argument }) => argument)), table };
}

/** The attacks through functions that name the table, or that let the caller name it. */
export function functionAttacks(world: World, target: Target, actor: Actor): Attack[] {
  return world.facts.snapshot.routines
    .filter((routine) => callable(world, actor, routine))
    .flatMap((routine) => {
      // a function belongs to the first table that it names; what it shows of others is seen there as well
      const [first] = reached(world, routine);
      const naming = namingOf(world, routine, target.relation);
      return [
        ...(first === target.relation ? attack(world, target, actor, routine, world.markers) : []),
        ...(naming === undefined ? [] : attack(world, target, actor, routine, world.markers, naming)),
      ];
    });
}
