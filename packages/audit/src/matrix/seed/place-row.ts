/**
 * Gets one row into a table: tries the draft, reads from the refusal what was wrong, changes that and tries again, a bounded number of times.
 * Must never commit or end the caller's transaction.
 */
import { quoteName, type Relation } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import type { Tenant } from "../personas/tenants.ts";
import type { Refusal, Session } from "../wire/session.ts";
import { checksOf, type Domains, leavesOf } from "./catalog.ts";
import { type Draft, type DraftRoom, draftRow, type Fullness } from "./plan-row.ts";
import { plainValue } from "./plain-value.ts";
import { solveChecks } from "./solve.ts";
import type { SeedStep } from "./order.ts";
import { conditionText, insertText, literal, nameOf, type Values } from "./values.ts";

/** A row that is there. */
export interface PlacedRow {
  /** All columns, as the table shows them. */
  readonly row: Values;
  /** What was given. */
  readonly given: Values;
  /** Triggers, and with them foreign keys, had to be off. */
  readonly withoutTriggers: boolean;
}

/** What a row is wanted for. */
export interface Wish {
  readonly step: SeedStep;
  readonly tenant: Tenant | null;
  readonly number: number;
  readonly canary: string;
  /** Values that the row must have, for a partition for example. */
  readonly must?: Values;
  /** Undo it at once: only whether and how it can be made is asked. */
  readonly trial?: boolean;
}

const mostTries = 24;

/** What is changed from try to try. */
interface Plan {
  fullness: Fullness;
  turn: number;
  number: number;
  withoutTriggers: boolean;
  /** Settled by solving or by a partition's bound. */
  readonly settled: Map<string, string | null>;
  solutions: Values[];
  solvedAt: Fullness | null;
  way: number;
}

/** Places rows in one database. */
export class RowPlacer {
  readonly #admin: Session;
  readonly #room: DraftRoom;
  readonly #domains: Domains;
  readonly #isLate: () => boolean;

  constructor(admin: Session, room: DraftRoom, domains: Domains, isLate: () => boolean) {
    this.#isLate = isLate;
    this.#admin = admin;
    this.#room = room;
    this.#domains = domains;
  }

  /** The row, or why it can't be made. */
  async place(wish: Wish): Promise<PlacedRow | string> {
    const plan: Plan = {
      fullness: "full",
      turn: 0,
      number: wish.number,
      // a row may point to itself at once, but not to one that is not there yet
      withoutTriggers: wish.step.unchecked.some(({ parent }) => dotted(parent) !== dotted(wish.step.relation)),
      settled: new Map(wish.must ?? []),
      solutions: [],
      solvedAt: null,
      way: 0,
    };
    let last = "";
    for (let attempt = 0; attempt < mostTries; attempt += 1) {
      const draft = this.#draft(wish, plan);
      if (draft.missing) return `it needs a row of ${dotted(draft.missing.parent)}, and there is none`;
      const answer = await this.#insert(wish, draft.values, plan.withoutTriggers);
      if ("row" in answer) return answer;
      last = `${answer.message} (${answer.code})`;
      if (answer.code === "23505" && !wish.trial) {
        const adopted = await this.#adopt(wish, draft, answer);
        if (adopted) return adopted;
      }
      if (this.#isLate()) return `there was no time for another try after: ${last}`;
      if (!(await this.#change(wish, plan, draft, answer))) break;
    }
    return last;
  }

  #draft(wish: Wish, plan: Plan): Draft {
    const draft = draftRow(this.#room, wish.step.relation, wish.tenant, plan.number, {
      fullness: plan.fullness,
      turn: plan.turn,
      leave: [...wish.step.later, ...wish.step.unchecked],
      canary: wish.canary,
    });
    for (const [column, value] of plan.settled) draft.values.set(column, value);
    for (const key of wish.step.unchecked)
      // a required circle or self reference: the row points to itself, or to a row that comes later with the same guess
      key.columns.forEach((column, at) => {
        if (draft.fixed.has(column)) return;
        const parent = this.#room.graph.column(key.parent, key.parentColumns[at]!);
        const own =
          dotted(key.parent) === dotted(wish.step.relation) ? draft.values.get(key.parentColumns[at]!) : undefined;
        const guess = parent
          ? plainValue(parent, {
              canary: wish.canary,
              number: plan.number,
              table: dotted(key.parent),
              random: this.#room.random,
            })
          : null;
        draft.values.set(column, own ?? guess);
      });
    return draft;
  }

  async #insert(wish: Wish, values: Values, withoutTriggers: boolean): Promise<PlacedRow | Refusal> {
    const { relation } = wish.step;
    const identity = relation.columns.some((column) => column.identity === "always" && values.has(column.name));
    const columns = relation.columns.map(({ name }) => `${quoteName(name)}::text`).join(", ");
    const set = (mode: string): string => `set local session_replication_role = ${mode}`;
    const answers = await this.#admin.run([
      "savepoint place",
      ...(withoutTriggers ? [set("replica")] : []),
      `${insertText(nameOf(relation), values, identity)} returning ${columns}`,
      ...(withoutTriggers ? [set("origin")] : []),
    ]);
    const answer = answers[withoutTriggers ? 2 : 1]!;
    const undo = answer.error !== null || wish.trial === true;
    await this.#admin.run([...(undo ? ["rollback to savepoint place"] : []), "release savepoint place"]);
    if (answer.error) return answer.error;
    const cells = answer.rows[0];
    // a trigger that answers NULL swallows the row
    if (!cells) return { code: "P0001", message: "a trigger let no row through", detail: "", constraint: null };
    const row = new Map(relation.columns.map(({ name }, at) => [name, cells[at] ?? null]));
    return { row, given: values, withoutTriggers };
  }

  // The row may be there already: a trigger on another table made it (profiles of new users, memberships of founders).
  async #adopt(wish: Wish, draft: Draft, refusal: Refusal): Promise<PlacedRow | null> {
    const { relation } = wish.step;
    const columns = this.#uniqueColumns(relation, refusal.constraint);
    if (columns.length === 0 || columns.some((column) => draft.values.get(column) === undefined)) return null;
    const others = [...draft.values].filter(([column]) => !columns.includes(column) && draft.fixed.has(column));
    const name = nameOf(relation);
    const list = relation.columns.map(({ name: column }) => `${quoteName(column)}::text`).join(", ");
    const where = conditionText(columns, draft.values);
    const taken = this.#room.placed(relation);
    const statement =
      others.length === 0
        ? `select ${list} from ${name} where ${where}`
        : `update ${name} set ${others.map(([column, value]) => `${quoteName(column)} = ${literal(value)}`).join(", ")} where ${where} returning ${list}`;
    const [, answer] = await this.#admin.run(["savepoint adopt", statement]);
    const cells = answer!.error ? undefined : answer!.rows[0];
    const row = cells && new Map(relation.columns.map(({ name: column }, at) => [column, cells[at] ?? null]));
    const known = row && taken.some((each) => columns.every((column) => each.get(column) === row.get(column)));
    await this.#admin.run([...(row && !known ? [] : ["rollback to savepoint adopt"]), "release savepoint adopt"]);
    return row && !known ? { row, given: draft.values, withoutTriggers: false } : null;
  }

  #uniqueColumns(relation: Relation, constraint: string | null): readonly string[] {
    const { snapshot } = this.#room.graph;
    const found = snapshot.indexes.find((index) => index.name === constraint && index.relation.name === relation.name);
    return found?.columns.every((column) => column !== null) ? (found.columns as string[]) : [];
  }

  /** Changes the plan after a refusal; false: nothing is left to try. */
  async #change(wish: Wish, plan: Plan, draft: Draft, refusal: Refusal): Promise<boolean> {
    const { relation } = wish.step;
    // what took too long takes as long with other values; a connection that is gone does not come back
    if (refusal.code === "57014") return !plan.withoutTriggers && (plan.withoutTriggers = true);
    if (refusal.code === "08006") return false;
    if (refusal.code === "23514" && /no partition of relation/.test(refusal.message)) return this.#nextWay(wish, plan);
    if (refusal.code === "23514") {
      if (plan.solutions.length === 0 && plan.solvedAt !== plan.fullness) {
        plan.solvedAt = plan.fullness;
        plan.solutions = await this.#solve(wish, draft);
      }
      const next = plan.solutions.shift();
      if (next) {
        for (const [name, value] of next) plan.settled.set(name, value);
        return true;
      }
    }
    if (refusal.code === "23505" || refusal.code === "23P01") {
      plan.turn += 1;
      if (plan.turn % 2 === 0) plan.number += 10;
      if (plan.turn < 8) return true;
    }
    const column = /column "((?:[^"]|"")+)"/.exec(refusal.message)?.[1];
    if (refusal.code === "23502" && column !== undefined && !plan.settled.has(column)) {
      const found = this.#room.graph.column(relation, column);
      if (found) {
        plan.settled.set(column, this.#fallback(wish, plan, relation, column));
        return true;
      }
    }
    if (plan.fullness === "full") plan.fullness = "plain";
    else if (plan.fullness === "plain") plan.fullness = "least";
    else if (plan.withoutTriggers) return false;
    else {
      plan.withoutTriggers = true;
      plan.fullness = "full";
    }
    return true;
  }

  #fallback(wish: Wish, plan: Plan, relation: Relation, column: string): string {
    const found = this.#room.graph.column(relation, column)!;
    const mark = { canary: wish.canary, number: plan.number, table: dotted(relation), random: this.#room.random };
    return plainValue(found, mark) ?? (found.type.endsWith("[]") ? "{}" : wish.canary);
  }

  async #solve(wish: Wish, draft: Draft): Promise<Values[]> {
    const { relation } = wish.step;
    const { graph } = this.#room;
    const checks = checksOf(graph.snapshot.constraints.filter((each) => dotted(each.relation) === dotted(relation)));
    const fixed = new Set([...draft.fixed, ...(wish.must?.keys() ?? [])]);
    // ids of tenants and users may take another form in the table where they begin
    for (const column of graph.primaryKey(relation)) {
      const root = `${dotted(relation)}.${column}`;
      if (this.#room.meaning.tenantRoots.has(root) || this.#room.meaning.userRoots.has(root)) fixed.delete(column);
    }
    const domains = this.#domains.get(dotted(relation)) ?? new Map();
    const canary = `${wish.canary}${wish.number}`;
    return solveChecks(this.#admin, relation, draft.values, fixed, checks, domains, canary, 6);
  }

  #nextWay(wish: Wish, plan: Plan): boolean {
    const ways = leavesOf(this.#room.graph, wish.step.relation);
    for (; plan.way < ways.length * 2 + 8; plan.way += 1) {
      const way = ways[plan.way % Math.max(ways.length, 1)]?.ways(
        wish.number + Math.floor(plan.way / Math.max(ways.length, 1)),
      );
      if (!way) {
        // hash partitions: other keys
        plan.number += 1;
        plan.way += 1;
        return true;
      }
      for (const [column, value] of way)
        if (this.#room.graph.column(wish.step.relation, column)) plan.settled.set(column, value);
      plan.way += 1;
      return true;
    }
    return false;
  }
}
