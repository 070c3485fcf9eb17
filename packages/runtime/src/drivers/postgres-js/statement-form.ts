/**
 * Decides how postgres.js sends a statement: under which name, and whether it must ask for parameter types first.
 * postgres.js works that out by assigning to fields of the query while it builds the message, so the fields are
 * replaced by accessors. Must never change the SQL text or a value.
 *
 * Why each field:
 * - `statement`: a name of ours instead of one from Math.random, or no name.
 * - `describeFirst`: postgres.js stops and asks for the types of every new parametrised statement (a round trip, and
 *   the pipeline behind it waits). Types belong to the database, not to the connection: learnt once, they are used for
 *   all connections, and unnamed statements cost one round trip as well.
 * - `prepared`: after an error that says a statement was lost, postgres.js would send the query again by itself, BEHIND
 *   our COMMIT, that is without a context.
 * - `signature`: own entries in the connection's statement cache, apart from those of the user's direct queries.
 */
import { linkOf } from "./link.ts";
import type { NativeQuery, NativeStatement } from "./shapes.ts";

const limit = 1000;
const forgetMs = 60_000;

/** Parameter types by statement, for one database. */
export class LearnedTypes {
  readonly #types: Map<string, readonly number[]> = new Map();
  readonly #forgotten: Map<string, { readonly times: number; readonly at: number }> = new Map();

  get(signature: string): readonly number[] | undefined {
    return this.#types.get(signature);
  }

  /** Remembers what the server described. */
  learn(signature: string, types: readonly number[]): void {
    if (types.length === 0 || !types.every(Boolean) || this.#types.has(signature)) return;
    bound(this.#types);
    this.#types.set(signature, [...types]);
  }

  /**
   * After an error: a column may have another type by now. Statements that connections hold with the old types are not
   * used again, and stay there until the connection ends; so wrong input must not lead here again and again.
   * @returns whether asking anew may help
   */
  forget(signature: string, now: number = Date.now()): boolean {
    const last = this.#forgotten.get(signature);
    if (!this.#types.has(signature) || (last !== undefined && now - last.at < forgetMs)) return false;
    bound(this.#forgotten);
    this.#forgotten.set(signature, { times: (last?.times ?? 0) + 1, at: now });
    return this.#types.delete(signature);
  }

  /** How often it was forgotten. */
  version(signature: string): number {
    return this.#forgotten.get(signature)?.times ?? 0;
  }
}

function bound(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size < limit) return;
    map.delete(oldest);
  }
}

/** How one query is to be sent. */
export interface StatementForm {
  readonly named: boolean;
  readonly learned: LearnedTypes;
  /**
   * The values are text already and must not pass postgres.js's serialisers, nor stay on the query, where they would
   * become part of an error: tokens.
   */
  readonly secret?: boolean;
}

interface State {
  readonly form: StatementForm;
  built: boolean;
  signature: string;
  prepared: boolean;
  describeFirst: boolean;
  statement: NativeStatement | null;
}

const key: unique symbol = Symbol("watertight.form");
type Formed = NativeQuery & { [key]: State };

const accessors: PropertyDescriptorMap & ThisType<Formed> = {
  prepare: {
    configurable: true,
    // While the message is built this is always true, because only then a signature is made; afterwards it decides
    // whether the statement enters the connection's cache.
    get() {
      return !this[key].built || this[key].form.named;
    },
    set() {
      const state = this[key];
      state.built = false;
      queueMicrotask(() => {
        state.built = true;
        if (state.form.secret) this.parameters = [];
      });
    },
  },
  signature: {
    configurable: true,
    get() {
      const { form, signature } = this[key];
      return `watertight ${form.learned.version(signature)} ${signature}`;
    },
    set(value: unknown) {
      this[key].signature = String(value);
    },
  },
  prepared: {
    configurable: true,
    get() {
      return !this[key].built && this[key].prepared;
    },
    set(value: unknown) {
      this[key].prepared = Boolean(value) && this[key].form.named;
    },
  },
  describeFirst: {
    configurable: true,
    get() {
      return this[key].describeFirst;
    },
    set(value: unknown) {
      const { form, signature } = this[key];
      this[key].describeFirst =
        Boolean(value) && (this.onlyDescribe === true || form.learned.get(signature) === undefined);
    },
  },
  statement: {
    configurable: true,
    get() {
      return this[key].statement;
    },
    set(statement: NativeStatement | null) {
      const state = this[key];
      state.statement = statement;
      if (statement === null || state.prepared) return;
      statement.name = state.form.named && this.state !== null ? linkOf(this.state).nextName() : "";
      if (state.form.secret) keepUntyped(statement.types, this.parameters?.length ?? 0);
      state.form.learned.get(state.signature)?.forEach((type, i) => (statement.types[i] ||= type));
    },
  },
};

// With a type postgres.js would pick a serialiser; so these places never take one.
function keepUntyped(types: number[], count: number): void {
  for (let i = 0; i < count; i++) Object.defineProperty(types, i, { get: () => undefined, set: () => {} });
}

/** Puts a query into a form; may be called again before the query is sent again. */
export function formStatement(query: NativeQuery, form: StatementForm): void {
  const formed = query as Formed;
  const first = formed[key] === undefined;
  const state: State = { form, built: true, signature: "", prepared: false, describeFirst: false, statement: null };
  void Object.defineProperty(formed, key, { value: state, configurable: true });
  if (first) void Object.defineProperties(formed, accessors);
}

/** After success: keeps what the server said about the parameters. */
export function learnFrom(query: NativeQuery): void {
  const state = (query as Formed)[key];
  if (state?.statement) state.form.learned.learn(state.signature, state.statement.types);
}

/** After an error: forgets it; true when learnt types had been used, so that asking again may help. */
export function forgetTypes(query: NativeQuery): boolean {
  const state = (query as Formed)[key];
  return state !== undefined && state.form.learned.forget(state.signature);
}

/** Whether the last send went under a name of this kind; for the start-up probe. */
export function nameOf(query: NativeQuery): string | undefined {
  return (query as Formed)[key]?.statement?.name;
}
