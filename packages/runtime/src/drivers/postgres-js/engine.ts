/**
 * What all connections of one postgres.js instance share: the judged profile of its database, learnt parameter types,
 * and the statements that open a context. Knows how a transaction starts; does not know what it is for.
 */
import { isWatertightError } from "../../errors/errors.ts";
import { explainHandshake, markContextError } from "../../scope/classify.ts";
import { contextText, resetStatements } from "../../scope/context-statement.ts";
import { type EngineProfile, type Handshake, judgeHandshake } from "../../scope/profile.ts";
import type { ScopeSettings } from "../../scope/settings.ts";
import { handshakeText, judgeProbe, probeGet, probeMark, probeSet } from "../../scope/start-probe.ts";
import { type Lease, takeLease } from "./lease.ts";
import { type Settled, valueOf } from "./settled.ts";
import { type NativeQuery, type NativeSql, unsupported } from "./shapes.ts";
import { asSqlError } from "./sql-error.ts";
import { formStatement, LearnedTypes, nameOf } from "./statement-form.ts";

/** One database behind one instance. */
export class Engine {
  readonly sql: NativeSql;
  readonly settings: ScopeSettings;
  readonly learned: LearnedTypes = new LearnedTypes();
  profile: EngineProfile | undefined = undefined;
  #clockOffsetMs: number = 0;
  #generation: number = 0;
  #ready: Promise<Handshake> | undefined = undefined;
  #measuring: Promise<unknown> | undefined = undefined;

  constructor(sql: NativeSql, settings: ScopeSettings) {
    this.sql = sql;
    this.settings = settings;
  }

  /** Whether statements may have names: the database allows it and the user has not switched them off. */
  get named(): boolean {
    return this.profile?.named === true && this.sql.options.prepare;
  }

  /** A statement in the extended protocol, in our form, not yet sent. */
  statement(text: string, values: readonly unknown[], named: boolean = this.named): NativeQuery {
    const query = this.sql.unsafe(text, [...values], { simple: false, prepare: true });
    formStatement(query, { named, learned: this.learned });
    return query;
  }

  /** A statement whose values are text for the server alone: a token. */
  secretStatement(text: string, values: readonly string[]): NativeQuery {
    const query = this.sql.unsafe(text, [], { simple: false, prepare: true });
    // Not as arguments: those reach the user's debug function and every error.
    query.parameters = [...values];
    formStatement(query, { named: this.named, learned: this.learned, secret: true });
    return query;
  }

  /** One constant text in the simple protocol; never anything of the caller's. */
  command(text: string): NativeQuery {
    return this.sql.unsafe(text, [], { simple: true, prepare: false });
  }

  /** What proves the tenant to the database, on this connection. */
  proof(lease: Lease, tenant: string): string {
    const { tokens } = this.settings;
    if (tokens === undefined) return tenant;
    tokens.clockOffsetMs = this.#clockOffsetMs;
    return lease.link.token(tokens, tenant, this.profile?.pooled ? 0 : lease.link.pid, this.#generation);
  }

  /** Sends what must go before a tenant's first statement: a reset where somebody else was here, and the context. */
  open(lease: Lease, tenant: string, timeoutMs: number | undefined): Promise<Settled> {
    const { level, alwaysReset } = this.profile as EngineProfile;
    const { link } = lease;
    const values = [this.proof(lease, tenant)];
    if (timeoutMs !== undefined) values.push(String(timeoutMs));
    // A failing reset leaves the transaction failed, and the context statement tells.
    if (alwaysReset || link.dirty || (link.lastTenant !== undefined && link.lastTenant !== tenant))
      void lease.run(this.command(resetStatements(level).join("; ")));
    // Until COMMIT says otherwise: a reset is rolled back like any other setting.
    link.lastTenant = tenant;
    link.dirty = true;
    lease.opened = true;
    return lease.run(this.secretStatement(contextText(level, timeoutMs !== undefined), values), (settled) => {
      if (!settled.ok) markContextError(Object(settled.error));
    });
  }

  /** The start-up probe; once, and again after a failure. */
  ready(): Promise<Handshake> {
    if (this.#ready === undefined) {
      const attempt = this.#probe();
      this.#ready = attempt;
      attempt.catch(() => (this.#ready = undefined));
    }
    return this.#ready;
  }

  /** Measures the clock again: a fresh token was refused as expired. */
  async remeasure(): Promise<void> {
    await (this.#measuring ??= this.#shakeHands().finally(() => (this.#measuring = undefined)));
    this.#generation++;
  }

  async #probe(): Promise<Handshake> {
    const { handshake, pid } = await this.#shakeHands();
    const { level, pooler } = this.settings;
    const profile = judgeHandshake(handshake, { level, pooler, clientPid: pid });
    const named = profile.named && this.sql.options.prepare;
    const [, inside] = await this.alone([
      this.statement(probeSet, [probeMark], false),
      this.statement(probeGet, [probeMark], false),
    ]);
    const [after] = await this.alone([this.statement(probeGet, [probeMark], named)]);
    judgeProbe(inside && probeRow(inside), after && probeRow(after));
    const names = [inside, after].map((answer) => answer && nameOf(answer.query));
    if (names[0] !== "" || (named ? !names[1]?.startsWith("wt") : names[1] !== ""))
      throw unsupported("statement names are not ours");
    this.profile = profile;
    return handshake;
  }

  async #shakeHands(): Promise<{ handshake: Handshake; pid: number }> {
    const asked = Date.now();
    try {
      const [answer] = await this.alone([this.statement(handshakeText, [], false)]);
      const handshake = JSON.parse(String(answer?.rows[0]?.[0])) as Handshake;
      this.#clockOffsetMs = handshake.clock * 1000 - (asked + Date.now()) / 2;
      return { handshake, pid: answer?.lease.link.pid ?? 0 };
    } catch (error) {
      throw (isWatertightError(error) ? undefined : explainHandshake(asSqlError(error))) ?? error;
    }
  }

  /** Runs statements in one transaction without a context; for the kit's own functions. */
  async alone(queries: readonly NativeQuery[] | ((lease: Lease) => readonly NativeQuery[])): Promise<Answer[]> {
    const lease = await takeLease(this.sql, "begin");
    // Rows by position and as bytes: the user may have renamed columns and replaced parsers.
    const sent = typeof queries === "function" ? queries(lease) : queries;
    const outcomes = sent.map((query) => lease.run(query.raw()));
    const committed = lease.end(this.command("commit"));
    valueOf(await lease.begun);
    const answers: Answer[] = [];
    for (const [i, outcome] of outcomes.entries()) {
      const rows = [...(valueOf(await outcome) as Iterable<Iterable<unknown>>)].map((row) => [...row]);
      answers.push({ query: sent[i] as NativeQuery, rows, lease });
    }
    valueOf(await committed);
    if (lease.held) throw unsupported("the connection did not go back to the pool");
    return answers;
  }
}

interface Answer {
  readonly query: NativeQuery;
  readonly rows: unknown[][];
  readonly lease: Lease;
}

function probeRow({ rows }: Answer): Record<string, unknown> {
  const [v, bound] = (rows[0] ?? []) as (Buffer | null | undefined)[];
  return { v: v?.toString(), bound: bound?.toString() };
}
