/**
 * Runs attacks and then, for each that was stopped, the proof that it would have leaked. Order: connections that never had a context, used
 * ones, what was held back by a foreign key once more without, what takes heavy locks alone; then the proofs in the same order. Must never
 * commit anything but a request that only reads.
 */
import type { Attack, Control, Ruling } from "../attacks/attack.ts";
import { isMeaningless } from "../attacks/judge.ts";
import type { World } from "../attacks/world.ts";
import { dotted } from "../../understand/schema/graph.ts";
import { compile, opening } from "./compile.ts";
import type { AttackWatch } from "../watch.ts";
import type { Lane, LanePool } from "./pool.ts";

/** What came of an attack. */
export interface Outcome {
  readonly attack: Attack;
  readonly ruling: Ruling;
  /** Null: not tried, because it leaked or could not be told. */
  readonly bites: boolean | null;
  /** With what off it leaked, or why the proof failed. */
  readonly proof: string;
}

/** Limits of a run. */
export interface RunLimits {
  /** Why nothing more may begin, and why everything that ran was ended. */
  readonly watch: Pick<AttackWatch, "over" | "cut">;
  readonly signal?: AbortSignal | undefined;
  /** How many attacks have run; then how many proofs. */
  onDone?(phase: "attack" | "prove", done: number): void;
}

/** Attacks of one transaction. */
interface Batch {
  readonly attacks: readonly Attack[];
  readonly control: Control | null;
  /** For proofs: which attacks each of them stands for. */
  readonly keys: readonly string[];
}

/** What one connection does in one go: all that concerns a table, so that two of them rarely want the same rows. */
interface Task {
  readonly login: string;
  readonly batches: readonly Batch[];
}

const codeOf = (ruling: Ruling): string => ruling.evidence.slice(0, 5);
const retried = new Set(["40P01", "40001", "55P03", "XX000", "08006"]);

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}

/** One run of attacks. */
export class AttackRun {
  readonly #world: World;
  readonly #pool: LanePool;
  readonly #limits: RunLimits;
  readonly #rulings = new Map<Attack, Ruling>();
  readonly #proofs = new Map<Attack, { bites: boolean; proof: string }>();
  readonly #done = { attack: 0, prove: 0 };

  constructor(world: World, pool: LanePool, limits: RunLimits) {
    this.#world = world;
    this.#pool = pool;
    this.#limits = limits;
  }

  /** All attacks, with their proofs; those for which there was no time are missing. */
  async run(attacks: readonly Attack[]): Promise<Outcome[]> {
    const fresh = attacks.filter(({ age, heavy }) => age === "fresh" && !heavy);
    const used = attacks.filter(({ age, heavy }) => age === "reused" && !heavy);
    await this.#attack(fresh);
    await this.#useUp();
    await this.#attack(used);
    const second = this.#followUps([...fresh, ...used]);
    await this.#attack(second);
    await this.#attack(
      attacks.filter(({ heavy }) => heavy),
      true,
    );
    const all = [...attacks, ...second];
    await this.#again(all);
    await this.#prove(all);
    return all.flatMap((attack): Outcome[] => {
      const ruling = this.#rulings.get(attack);
      const proof = this.#proofs.get(attack);
      return ruling ? [{ attack, ruling, bites: proof?.bites ?? null, proof: proof?.proof ?? "" }] : [];
    });
  }

  // Every connection serves one request of A that commits, as a pool's connections have.
  async #useUp(): Promise<void> {
    for (const { login, role, kind } of this.#world.actors)
      await Promise.all(
        this.#pool.lanes(login).map(async (lane) => {
          const persona = kind === "anonymous" ? "anonymous" : "strongest";
          const open = opening(this.#world, { actor: { login, role, kind }, persona }, false);
          await lane.session.run(["begin", ...open, "commit"]);
          lane.used = true;
        }),
      );
  }

  #followUps(attacks: readonly Attack[]): Attack[] {
    return attacks.flatMap((attack) => {
      const ruling = this.#rulings.get(attack);
      return attack.follow && ruling?.result === "blocked" && attack.follow.codes.includes(codeOf(ruling))
        ? [attack.follow.attack]
        : [];
    });
  }

  async #attack(attacks: readonly Attack[], serial = false): Promise<void> {
    const batches = grouped(attacks, batchKey).map((group): Batch => ({ attacks: group, control: null, keys: [] }));
    const settle = (batch: Batch, rulings: readonly Ruling[]): void =>
      batch.attacks.forEach((attack, at) => this.#rulings.set(attack, rulings[at]!));
    await this.#work(batches, settle, serial);
  }

  async #work(
    batches: readonly Batch[],
    settle: (batch: Batch, rulings: readonly Ruling[]) => void,
    serial: boolean,
  ): Promise<void> {
    const tasks = grouped(batches, (batch) => `${loginOf(this.#world, batch)} ${tableOf(batch)}`).map(
      (group): Task => ({
        login: loginOf(this.#world, group[0]!),
        batches: group,
      }),
    );
    const run = async (task: Task, lane: Lane): Promise<void> => {
      this.#limits.signal?.throwIfAborted();
      const { watch } = this.#limits;
      if (watch.over() !== null) return;
      const ruled = await this.#send(task, lane);
      // what was cut off says nothing about the schema
      if (watch.cut() !== null) return;
      for (const [batch, rulings] of ruled) settle(batch, rulings);
      for (const { control, attacks } of task.batches) this.#done[control ? "prove" : "attack"] += attacks.length;
      const phase = task.batches[0]!.control ? "prove" : "attack";
      this.#limits.onDone?.(phase, this.#done[phase]);
    };
    if (serial) for (const task of tasks) await this.#pool.work([task], run);
    else await this.#pool.work(tasks, run);
  }

  async #send({ batches }: Task, lane: Lane): Promise<[Batch, Ruling[]][]> {
    const compiled = batches.map(({ attacks, control }) => compile(this.#world, attacks, control));
    const answers = await lane.session.run(compiled.flatMap(({ statements }) => statements));
    let at = 0;
    return batches.map((batch, which): [Batch, Ruling[]] => {
      const { statements, read } = compiled[which]!;
      const seen = read(answers.slice(at, (at += statements.length)));
      return [batch, batch.attacks.map((attack, place) => attack.judge(seen[place]!))];
    });
  }

  // Two connections that waited for each other: once more, alone.
  async #again(attacks: readonly Attack[]): Promise<void> {
    for (const attack of attacks) {
      const ruling = this.#rulings.get(attack);
      if (ruling?.result === "error" && retried.has(codeOf(ruling))) await this.#attack([attack], true);
    }
  }

  async #prove(attacks: readonly Attack[]): Promise<void> {
    const stopped = attacks.filter((attack) => this.#rulings.get(attack)?.result === "blocked");
    const most = Math.max(0, ...stopped.map(({ controls }) => controls.length));
    for (let round = 0; round < most; round += 1) {
      const open = stopped.filter((attack) => attack.controls[round] && !this.#proofs.get(attack)?.bites);
      // what changes tables locks them: one after the other, or half of them would wait for the other half
      const serial = (attack: Attack): boolean => attack.heavy === true || attack.controls[round]!.sql.length > 0;
      await this.#proveRound(
        open.filter((attack) => !serial(attack)),
        round,
        false,
      );
      await this.#proveRound(open.filter(serial), round, true);
    }
  }

  async #proveRound(attacks: readonly Attack[], round: number, serial: boolean): Promise<void> {
    // with the defence off, role, context and age make no difference: one proof for all that send the same
    const same = new Map<string, Attack[]>();
    for (const attack of attacks) {
      const key = proofKey(attack, attack.controls[round]!);
      same.set(key, [...(same.get(key) ?? []), attack]);
    }
    const chosen = [...same].map(([key, [first]]) => ({ key, attack: first!, control: first!.controls[round]! }));
    const batches = grouped(
      chosen,
      ({ attack, control }) => `${batchKey(attack)}\0${JSON.stringify({ ...control, off: "" })}`,
    ).map((group): Batch => ({
      attacks: group.map(({ attack }) => attack),
      control: group[0]!.control,
      keys: group.map(({ key }) => key),
    }));
    const failed = new Set<Batch>();
    const settle =
      (last: boolean) =>
      (batch: Batch, rulings: readonly Ruling[]): void => {
        if (!last && rulings.some((ruling) => ruling.result === "error" && retried.has(codeOf(ruling)))) {
          failed.add(batch);
          return;
        }
        rulings.forEach((ruling, at) => {
          const bites = ruling.result === "leaked" || ruling.result === "noted";
          for (const attack of same.get(batch.keys[at]!)!) this.#note(attack, bites, batch.control!, ruling);
        });
      };
    await this.#work(batches, settle(false), serial);
    if (failed.size > 0) await this.#work([...failed], settle(true), true);
  }

  #note(attack: Attack, bites: boolean, control: Control, ruling: Ruling): void {
    const before = this.#proofs.get(attack);
    const words = bites ? control.off : `with ${control.off}: ${ruling.evidence}`;
    this.#proofs.set(attack, { bites, proof: bites || !before ? words : `${before.proof}; ${words}` });
  }
}

const tableOf = ({ attacks: [attack] }: Batch): string => dotted(attack!.table);
const loginOf = ({ unbound }: World, { attacks: [attack], control }: Batch): string =>
  control?.unbound ? unbound : attack!.actor.login;
/** Attacks that may share a transaction; a request of B before it belongs to one attack alone. */
const batchKey = ({ actor, persona, table, before, name, object }: Attack): string =>
  [actor.role, actor.login, persona, dotted(table), before ? `${name} ${object}` : ""].join("\0");

function proofKey(attack: Attack, control: Control): string {
  const sent = [...(attack.scene ?? []), ...(attack.before ?? []), ...attack.steps].map(({ sql }) => sql);
  const who = control.unbound ? "" : `${attack.actor.role} ${attack.actor.login}`;
  return JSON.stringify([who, attack.column, dotted(attack.table), { ...control, off: "" }, sent]);
}

/** Whether the statement makes no sense for the relation, with its defences as well as without. */
export function isPointless({ attack, ruling, bites, proof }: Outcome): boolean {
  const code = codeOf(ruling);
  // a function that can be told a table's name may want other columns than this table's
  const noSense = isMeaningless(code) || (attack.vector === "D14" && otherTable.has(code));
  return bites === false && noSense && proof.includes(`: ${code} `);
}

/** No such column, operator, table; another type. */
const otherTable = new Set(["42703", "42883", "42P01", "42804"]);

/**
 * Functions are called with several guesses at their arguments, and some mean nothing to them: a guess that shows nothing even to tenant B
 * is left out when another one does.
 */
export function isWildGuess(outcome: Outcome, all: readonly Outcome[]): boolean {
  const { attack, bites, ruling } = outcome;
  if (attack.vector !== "D4" || bites !== false || ruling.result !== "blocked") return false;
  return all.some(
    (other) =>
      other !== outcome &&
      other.attack.vector === "D4" &&
      other.attack.object === attack.object &&
      (other.bites === true || other.ruling.result === "leaked" || other.ruling.result === "noted"),
  );
}
