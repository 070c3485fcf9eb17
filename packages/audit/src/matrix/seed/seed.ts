/**
 * Seeds two tenants through the schema's own constraints, as superuser and in each tenant's context (triggers and defaults read it). What can't
 * be made is said with PostgreSQL's own words. Must never skip a table silently.
 */
import { quoteName, type Relation } from "@watertight/schema";
import type { Facts } from "../../rules/rule.ts";
import { dotted, type SchemaGraph } from "../../understand/schema/graph.ts";
import type { Meaning } from "../personas/meaning.ts";
import type { Randomness, Tenant } from "../personas/tenants.ts";
import type { Session } from "../wire/session.ts";
import { leavesOf, readDomains } from "./catalog.ts";
import { isSeedable, seedOrder, type SeedStep } from "./order.ts";
import { RowPlacer } from "./place-row.ts";
import { conditionText, literal, nameOf, type Values } from "./values.ts";

/** Rows that attacks write: they fit, and are not there. */
interface SpareRows {
  readonly A?: Values;
  readonly B?: Values;
}

/** What the seed did. */
export interface Seeded {
  /** By schema.name: why the table has no rows of both tenants. */
  readonly problems: ReadonlyMap<string, string>;
  readonly spares: ReadonlyMap<string, SpareRows>;
  /** What a reader of the matrix should know, for example triggers that had to be off. */
  readonly notes: readonly string[];
}

/** What the seed needs. */
export interface SeedInput {
  readonly admin: Session;
  readonly facts: Facts;
  readonly graph: SchemaGraph;
  readonly meaning: Meaning;
  readonly random: Randomness;
  readonly tenants: { readonly a: Tenant; readonly b: Tenant };
  /** The statements of the strongest member. */
  context(tenant: Tenant): Promise<readonly string[]>;
  /** After this moment nothing more is seeded. */
  readonly deadline?: number;
  readonly signal?: AbortSignal | undefined;
  onTable?(done: number, total: number): void;
}

/** Rows of each tenant in each table. */
const rowsPerTenant = 2;
/** One table that is slow to take rows must not use up the time of all. */
const tableMs = 10_000;
// A table with hundreds of partitions is like one with a few.
const mostLeaves = 16;

/** One seed. */
class Seeding {
  readonly problems = new Map<string, string>();
  readonly spares = new Map<string, { A?: Values; B?: Values }>();
  readonly notes: string[] = [];
  readonly #rows = new Map<string, { readonly owner: string; readonly values: Values }[]>();
  readonly #input: SeedInput;
  readonly #shared: ReadonlySet<string>;
  #owner = "";
  #begun = 0;

  constructor(input: SeedInput) {
    this.#input = input;
    this.#shared = new Set(input.graph.tables.filter((table) => !this.#isTenants(table)).map(dotted));
  }

  #isTenants(table: Relation): boolean {
    const { facts, meaning } = this.#input;
    const known = facts.understanding.tables.find(({ relation }) => dotted(relation) === dotted(table));
    if (known && known.tenancy.kind !== "global" && known.tenancy.kind !== "unknown") return true;
    return table.columns.some((column) => meaning.holds(table, column.name) !== null);
  }

  async run(): Promise<Seeded> {
    const { admin, facts, graph, meaning, random, tenants } = this.#input;
    const steps = seedOrder(facts, graph, meaning.userRoots);
    const room = {
      graph,
      meaning,
      memberships: facts.understanding.memberships,
      random,
      parents: (relation: Relation) => this.#of(relation, [this.#owner, ""]),
      placed: (relation: Relation) => this.#of(relation, ["A", "B", ""]),
    };
    const placer = new RowPlacer(admin, room, await readDomains(admin), () => this.#isLate() || this.#isLong());
    let done = 0;
    for (const tenant of [tenants.a, tenants.b]) {
      this.#owner = tenant.label;
      await admin.must("begin");
      await this.#enter(tenant);
      for (const step of steps) {
        this.#input.signal?.throwIfAborted();
        this.#input.onTable?.(done, steps.length * 2);
        done += 1;
        if (this.#isLate()) {
          if (!this.problems.has(dotted(step.relation)))
            this.problems.set(dotted(step.relation), "the time for the attacks was over before it was its turn");
          continue;
        }
        this.#begun = Date.now();
        if (this.#shared.has(dotted(step.relation))) await this.#share(placer, step);
        else await this.#fill(placer, step, tenant);
      }
      await this.#closeCircles(steps);
      for (const step of steps) {
        this.#begun = Date.now();
        if (!this.#shared.has(dotted(step.relation))) await this.#spare(placer, step, tenant);
      }
      await admin.must("commit");
    }
    return { problems: this.problems, spares: this.spares, notes: this.notes };
  }

  #isLate(): boolean {
    return Date.now() > (this.#input.deadline ?? Number.POSITIVE_INFINITY);
  }

  #isLong(): boolean {
    return Date.now() - this.#begun > tableMs;
  }

  #of(relation: Relation, owners: readonly string[]): Values[] {
    return (this.#rows.get(dotted(relation)) ?? []).flatMap(({ owner, values }) =>
      owners.includes(owner) ? [values] : [],
    );
  }

  #keep(relation: Relation, owner: string, values: Values): void {
    const rows = this.#rows.get(dotted(relation)) ?? [];
    rows.push({ owner, values });
    this.#rows.set(dotted(relation), rows);
  }

  async #enter(tenant: Tenant): Promise<void> {
    for (const statement of await this.#input.context(tenant)) {
      const [, answer] = await this.#input.admin.run(["savepoint enter", statement]);
      if (!answer!.error) continue;
      this.notes.push(`The context of tenant ${tenant.label} could not be set while seeding: ${answer!.error.message}`);
      await this.#input.admin.run(["rollback to savepoint enter"]);
    }
  }

  // Plans, countries, feature flags: what migrations have put there will do, otherwise one row for everybody.
  async #share(placer: RowPlacer, step: SeedStep): Promise<void> {
    const { relation } = step;
    if (this.#of(relation, [""]).length > 0 || this.problems.has(dotted(relation))) return;
    const columns = relation.columns.map(({ name }) => `${quoteName(name)}::text`).join(", ");
    const found = await this.#input.admin.must(`select ${columns || "1"} from ${nameOf(relation)} limit 2`);
    for (const cells of found.rows)
      this.#keep(relation, "", new Map(relation.columns.map(({ name }, at) => [name, cells[at] ?? null])));
    if (found.rows.length > 0) return;
    const placed = await placer.place({
      step,
      tenant: null,
      number: 1,
      canary: `ws${this.#input.random("shared", 8)}`,
    });
    if (typeof placed === "string") this.problems.set(dotted(relation), placed);
    else this.#keep(relation, "", placed.row);
  }

  async #fill(placer: RowPlacer, step: SeedStep, tenant: Tenant): Promise<void> {
    const { relation } = step;
    const name = dotted(relation);
    const made: Values[] = [];
    for (let number = 1; number <= rowsPerTenant; number += 1) {
      const placed = await placer.place({ step, tenant, number, canary: tenant.canary });
      if (typeof placed === "string") {
        // one row is enough to attack; a table with one row a tenant has no room for more
        if (number === 1 && !this.problems.has(name)) this.problems.set(name, placed);
        break;
      }
      if (placed.withoutTriggers && number === 1 && tenant.label === "A")
        this.notes.push(`${name} could only be seeded with its triggers and foreign keys off.`);
      this.#takeIds(relation, tenant, placed.row, number);
      this.#keep(relation, tenant.label, placed.row);
      made.push(placed.row);
    }
    if (relation.kind === "p") await this.#fillLeaves(placer, step, tenant, made.length);
  }

  // A constraint may have forced another form upon an id, where it begins.
  #takeIds(relation: Relation, tenant: Tenant, row: Values, number: number): void {
    const { graph, meaning } = this.#input;
    for (const [key, sessions] of tenant.sessions)
      for (const [column, value] of row)
        if (key === `${dotted(relation)}.${column}` && value !== null && number <= 2) sessions[number - 1] = value;
    const [column, ...others] = graph.primaryKey(relation);
    const value = column === undefined || others.length > 0 ? null : (row.get(column) ?? null);
    if (value === null) return;
    const root = `${dotted(relation)}.${column}`;
    if (meaning.tenantRoots.has(root) && number === 1) {
      if (tenant.users[0] === tenant.id) tenant.users.fill(value);
      tenant.id = value;
    } else if (meaning.userRoots.has(root)) tenant.users[number === 2 ? 1 : 0] = value;
  }

  // Partitions are attacked one by one, and an empty one proves nothing.
  async #fillLeaves(placer: RowPlacer, step: SeedStep, tenant: Tenant, made: number): Promise<void> {
    if (made === 0) return;
    const leaves = leavesOf(this.#input.graph, step.relation);
    for (const [at, leaf] of leaves.slice(0, mostLeaves).entries()) {
      const must = leaf.ways(at + 1);
      const fits = must && [...must.keys()].every((column) => this.#input.graph.column(step.relation, column));
      if (!must || !fits || this.#blocksTenant(step.relation, must, tenant)) continue;
      const placed = await placer.place({ step, tenant, number: 20 + at, canary: tenant.canary, must });
      if (typeof placed !== "string") this.#keep(step.relation, tenant.label, placed.row);
    }
  }

  #blocksTenant(relation: Relation, must: Values, tenant: Tenant): boolean {
    return [...must].some(
      ([column, value]) => this.#input.meaning.holds(relation, column) === "tenant" && value !== tenant.id,
    );
  }

  async #closeCircles(steps: readonly SeedStep[]): Promise<void> {
    for (const { relation, later } of steps)
      for (const key of later) {
        const parent = this.#of(this.#input.graph.root(key.parent), [this.#owner])[0];
        // the second row points, the first is pointed at
        const row = this.#of(relation, [this.#owner]).at(-1);
        const own = this.#input.graph.primaryKey(relation);
        if (!parent || !row || own.length === 0) continue;
        const open = key.columns.filter((column) => this.#input.meaning.holds(relation, column) === null);
        if (open.length === 0) continue;
        const set = open.map((column) => {
          const value = parent.get(key.parentColumns[key.columns.indexOf(column)]!);
          return `${quoteName(column)} = ${literal(value)}`;
        });
        await this.#input.admin.run(["savepoint circle"]);
        const [answer] = await this.#input.admin.run([
          `update ${nameOf(relation)} set ${set.join(", ")} where ${conditionText(own, row)}`,
        ]);
        // the reference may stay empty: a check or a trigger wants it so
        if (answer!.error) await this.#input.admin.run(["rollback to savepoint circle"]);
      }
  }

  async #spare(placer: RowPlacer, step: SeedStep, tenant: Tenant): Promise<void> {
    const name = dotted(step.relation);
    if (this.problems.has(name) || this.#isLate()) return;
    const placed = await placer.place({ step, tenant, number: 3, canary: tenant.canary, trial: true });
    if (typeof placed === "string") return;
    const spare = this.spares.get(name) ?? {};
    spare[tenant.label] = placed.given;
    this.spares.set(name, spare);
  }
}

/** Seeds; commits each tenant's rows. */
export async function seedTenants(input: SeedInput): Promise<Seeded> {
  return new Seeding(input).run();
}

/** Tables of the understanding that can hold rows of tenants but not of ours, with the reason. */
export function unseedable(relation: Relation): string | null {
  if (relation.kind === "f") return "a foreign table: its rows are on another server";
  if (relation.extension !== null) return `it belongs to the extension ${relation.extension}`;
  return isSeedable(relation) || relation.isPartition ? null : "it holds no rows of its own";
}
