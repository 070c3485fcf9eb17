/**
 * Attacks as lists of statements and the way back from answers: several attacks of one role in one state share a transaction, each behind a
 * savepoint, so that nothing that one does is seen by the next. Pure.
 */
import { quoteName, type Relation } from "@watertight/schema";
import type { Attack, Change, Control, Seen } from "../attacks/attack.ts";
import type { World } from "../attacks/world.ts";
import { valuesOf } from "../seed/book.ts";
import type { Values } from "../seed/values.ts";
import { isUnclear } from "../attacks/judge.ts";
import type { Answer, Refusal } from "../wire/session.ts";

const savepoint = "savepoint attack";
const undo = "rollback to savepoint attack";

/** Statements to send at once. */
export interface Compiled {
  readonly statements: readonly string[];
  /** What was seen of each attack, in order. */
  read(answers: readonly Answer[]): Seen[];
}

interface Places {
  readonly attack: Attack;
  readonly steps: readonly number[];
  /** What was there when the scene was set; as the book says where there is none. */
  readonly before: readonly number[];
  readonly witnesses: readonly number[];
}

/** The statements of somebody's context; who logs in as the role itself, or without bounds, does not take it on. */
export function opening(
  world: World,
  attack: Pick<Attack, "actor" | "persona">,
  asB: boolean,
  unbound = false,
): string[] {
  const { actor, persona } = attack;
  const tenant = asB ? world.tenants.b : world.tenants.a;
  return [
    ...(actor.login === actor.role || unbound ? [] : [`set local role ${quoteName(actor.role)}`]),
    ...world.context.statements(asB && persona !== "anonymous" ? "strongest" : persona, tenant),
  ];
}

/** Statements that switch a defence off. */
function switchOff({ lab }: World, { sql, withoutTriggers }: Control): string[] {
  return [...(sql.length > 0 ? [lab.run(sql.join("; "))] : []), ...(withoutTriggers ? [lab.withoutTriggers] : [])];
}

/** One transaction for attacks of the same actor and persona; `control` holds for all of them. */
export function compile(world: World, attacks: readonly Attack[], control: Control | null): Compiled {
  const statements: string[] = [];
  const places: Places[] = [];
  const [first] = attacks;
  if (!first) return { statements, read: () => [] };
  const asB = control?.asB === true;
  const unbound = control?.unbound === true;
  const [before, after] = [first.before ?? [], first.after ?? []];
  if (before.length > 0)
    statements.push("begin", ...opening(world, first, true, unbound), ...before.map(({ sql }) => sql), "commit");
  const start = statements.length;
  statements.push("begin", ...(control ? switchOff(world, control) : []), ...opening(world, first, asB, unbound));
  const opened = statements.length;
  // one for all: every attack ends with the way back to it, and dozens of nested ones cost more than the attacks
  statements.push(savepoint);
  for (const attack of attacks) {
    const scene = (attack.scene ?? []).map(({ sql }) => sql);
    statements.push(...scene);
    const look = (): number[] => attack.watch.map((relation) => statements.push(world.lab.rowsOf(relation)) - 1);
    const before = scene.length > 0 ? look() : [];
    const steps = attack.steps.map(({ sql, alone }) => {
      if (alone) statements.push(undo, ...scene);
      return statements.push(sql) - 1;
    });
    const witnesses = look();
    statements.push(undo);
    places.push({ attack, steps, before, witnesses });
  }
  statements.push("rollback", ...after);
  return {
    statements,
    read: (answers) => {
      const broken = notStarted(answers.slice(start, opened));
      return places.map(({ attack, steps, before, witnesses }) => ({
        answers: steps.map((at) => (broken ? { ...answers[at]!, error: broken } : answers[at]!)),
        changes: broken
          ? []
          : witnesses.map((at, which) =>
              changeOf(world, attack.watch[which]!, answers[at]!, answers[before[which] ?? -1]),
            ),
      }));
    },
  };
}

// The attacker did not get into its state (context, or a defence that should be off): nothing can be said then.
function notStarted(answers: readonly Answer[]): Refusal | null {
  const error = answers.find((answer) => answer.error)?.error;
  if (!error) return null;
  return {
    ...error,
    code: isUnclear(error.code) ? error.code : "25P02",
    message: `it could not begin: ${error.message}`,
  };
}

function changeOf(world: World, relation: Relation, answer: Answer, scene: Answer | undefined): Change {
  // refused: the transaction had failed, and with it all that the attack did
  if (answer.error) return { relation, touched: [], planted: [], now: [] };
  const page = world.book.page(relation)!;
  const rows = answer.rows.map(([place, , cells]) => ({ place: place!, cells: cells! }));
  const there = new Set(rows.map(({ place }) => place));
  const known = new Set(scene ? scene.rows.map(([place]) => place!) : page.rows.map(({ place }) => place));
  const now = rows.map(({ cells }): Values => valuesOf(relation, cells));
  return {
    relation,
    touched: page.rows.filter((row) => row.owner === "B" && known.has(row.place) && !there.has(row.place)),
    planted: now.filter((values, at) => !known.has(rows[at]!.place) && world.book.ownerOf(relation, values) === "B"),
    now,
  };
}
