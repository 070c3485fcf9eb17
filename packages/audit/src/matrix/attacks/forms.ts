/**
 * The pieces that families share: who attacks in which state, the vector that a leak would have, columns to show, and the frame of an attack.
 */
import { quoteName, type Relation } from "@watertight/schema";
import type { MatrixColumn } from "../matrix.ts";
import type { Persona } from "../personas/context.ts";
import type { Values } from "../seed/values.ts";
import type { Actor, Attack, Control, Seen, Ruling, Step } from "./attack.ts";
import { judgeRead, judgeWrite } from "./judge.ts";
import { rightsOf, type Target, unboundControl, type World } from "./world.ts";

/** Somebody in some state. */
export interface Stance {
  readonly persona: Persona;
  readonly age: "fresh" | "reused";
}

const words: Readonly<Record<Persona, string>> = {
  strongest: "in A's context",
  weakest: "as A's least member",
  none: "without any context",
  anonymous: "signed in as nobody",
};

/** "in A's context, reused connection". */
const stanceInWords = ({ persona, age }: Stance): string => `${words[persona]}, ${age} connection`;

/** The stances of an actor; where nothing is set by a context there is only one. */
export function stancesOf(world: World, actor: Actor): readonly Stance[] {
  if (actor.kind === "anonymous") return [{ persona: "anonymous", age: "reused" }];
  const main: Stance[] = [{ persona: "strongest", age: "reused" }];
  if (!world.context.exists) return main;
  const weak: Stance[] =
    world.context.knowsUsers && world.tenants.a.users[0] !== world.tenants.a.users[1]
      ? [{ persona: "weakest", age: "reused" }]
      : [];
  return [...main, ...weak, { persona: "none", age: "fresh" }, { persona: "none", age: "reused" }];
}

/** The stance from which every form of an attack is tried. */
export const mainStance = (actor: Actor): Stance => ({
  persona: actor.kind === "anonymous" ? "anonymous" : "strongest",
  age: "reused",
});

/** The vector of a leak through the table itself: the outermost defence that is missing. */
function vectorOf(world: World, target: Target, stance: Stance, policyVector: string): string {
  if (!target.relation.rowSecurity) return target.hasPolicies ? "A2" : "A1";
  const bypass = world.facts.reach.bypasses(target.relation);
  if (bypass && !bypass.bySetRole) return bypass.why === "owner" ? "A3" : "A4";
  return stance.persona === "none" ? "B3" : policyVector;
}

/** Columns by which an answer is recognised, as far as the role may read them; null when it may read none. */
export function shownColumns(world: World, target: Target, actor: Actor): string | null {
  const rights = rightsOf(world, actor, target.relation);
  const key = target.key.filter((name) => rights.select.has(name));
  const owner = target.ownerColumns.filter((name) => rights.select.has(name) && !key.includes(name));
  if (target.key.length > 0 && key.length === target.key.length) return [...key, ...owner].map(quoteName).join(", ");
  if (rights.selectAll) return "tableoid::text || ctid::text as place";
  const readable = target.relation.columns.filter(({ name }) => rights.select.has(name));
  return readable.length === 0 ? null : readable.map(({ name }) => quoteName(name)).join(", ");
}

/** All columns that would be shown to one who may read everything: for the attempt that is refused. */
export const allShown = (target: Target): string =>
  target.key.length > 0 ? target.key.map(quoteName).join(", ") : "tableoid::text || ctid::text as place";

/** Builds attacks of one family on one table by one role. */
export class Forge {
  readonly world: World;
  readonly target: Target;
  readonly actor: Actor;
  readonly #column: MatrixColumn;
  readonly #policyVector: string;

  constructor(world: World, target: Target, actor: Actor, column: MatrixColumn, policyVector: string) {
    this.world = world;
    this.target = target;
    this.actor = actor;
    this.#column = column;
    this.#policyVector = policyVector;
  }

  /** Row security and rights off, then also triggers and foreign keys. */
  get controls(): readonly Control[] {
    return [unboundControl, { ...unboundControl, off: `${unboundControl.off}, triggers off`, withoutTriggers: true }];
  }

  /** An attack that reads the table. */
  read(name: string, stance: Stance, sql: string | readonly Step[], vector?: string): Attack {
    const steps = typeof sql === "string" ? [{ sql }] : sql;
    const { page, key } = this.target;
    return this.#make(name, stance, steps, [], judgeRead(page, key, this.world.markers, written(steps)), vector);
  }

  /** An attack that changes the table, or others that are watched as well. */
  write(name: string, stance: Stance, sql: string | readonly Step[], more: WriteOptions = {}): Attack {
    const steps = typeof sql === "string" ? [{ sql }] : sql;
    const relations = [this.target.relation, ...(more.watch ?? []).filter((each) => each !== this.target.relation)];
    const pages = relations.flatMap((relation) => {
      const page = this.world.book.page(relation);
      return page
        ? [{ page, key: relation === this.target.relation ? this.target.key : this.world.graph.primaryKey(relation) }]
        : [];
    });
    const judge = judgeWrite(pages, this.world.markers, written(steps));
    const attack = this.#make(
      name,
      stance,
      steps,
      pages.map(({ page }) => page.relation),
      judge,
      more.vector,
    );
    return {
      ...attack,
      ...(more.scene ? { scene: more.scene } : {}),
      ...(more.follow ? { follow: more.follow } : {}),
      ...(more.judge ? { judge: more.judge } : {}),
      ...(more.controls ? { controls: more.controls } : {}),
      ...(more.object === undefined ? {} : { object: more.object }),
    };
  }

  #make(
    name: string,
    stance: Stance,
    steps: readonly Step[],
    watch: readonly Relation[],
    judge: (seen: Seen) => Ruling,
    vector: string | undefined,
  ): Attack {
    return {
      vector: vector ?? vectorOf(this.world, this.target, stance, this.#policyVector),
      column: this.#column,
      table: this.target.relation,
      object: null,
      name: `${name}, ${stanceInWords(stance)}`,
      actor: this.actor,
      persona: stance.persona,
      age: stance.age,
      steps,
      watch,
      judge,
      controls: this.controls,
    };
  }
}

/** Options of {@link Forge.write}; what is given goes before what the forge would take. */
export interface WriteOptions {
  readonly watch?: readonly Relation[];
  readonly object?: string;
  readonly judge?: (seen: Seen) => Ruling;
  readonly controls?: readonly Control[];
  readonly vector?: string;
  readonly scene?: readonly Step[];
  readonly follow?: { readonly codes: readonly string[]; readonly attack: Attack };
}

/** What the attacker wrote: seen again in an answer, it proves nothing. */
export const written = (steps: readonly Step[]): string => steps.map(({ sql }) => sql).join("\n");

/** Columns and values of a row for INSERT; OVERRIDING where an identity is given. */
export function insertParts(
  relation: Relation,
  values: Values,
): { readonly columns: string; readonly row: Values; readonly overriding: string } {
  const row = new Map(
    [...values].filter(([name]) =>
      relation.columns.some((column) => column.name === name && column.generated === null),
    ),
  );
  const always = relation.columns.some((column) => column.identity === "always" && row.has(column.name));
  return {
    columns: [...row.keys()].map(quoteName).join(", "),
    row,
    overriding: always ? "overriding system value " : "",
  };
}
