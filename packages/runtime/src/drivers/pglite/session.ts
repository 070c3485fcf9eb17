/**
 * PGlite's one session: the judged profile, whose tenant used it last, and the lock. Everything of one tenant happens
 * under the lock that PGlite's own queries take, so two tenants never meet in one transaction.
 *
 * The session belongs to a superuser who has put on the app role. Each pipeline puts it on again, because RESET ROLE in
 * a statement takes it off: that protects the next caller from an accident, it is no boundary against an attacker.
 */
import { isWatertightError } from "../../errors/errors.ts";
import { emitEvent } from "../../context/events.ts";
import { type Condition, conditionOf, explain, explainHandshake, type SqlError } from "../../scope/classify.ts";
import { contextStatement, resetStatements } from "../../scope/context-statement.ts";
import { type EngineProfile, type Handshake, judgeHandshake } from "../../scope/profile.ts";
import type { ScopeSettings } from "../../scope/settings.ts";
import { handshakeText, judgeProbe, probeGet, probeMark, probeSet } from "../../scope/start-probe.ts";
import { type Answer, type ReadOptions, readAnswer, type Result } from "./answers.ts";
import { type Statement, writePipeline } from "./pipeline.ts";
import type { PgliteLike, ServerMessage } from "./shapes.ts";

const roleText = "select pg_catalog.set_config('role', $1, $2::pg_catalog.text::pg_catalog.bool)";
const rolesQuery = "select name, value from watertight.setting where name in ('app', 'control')";
// LISTEN is the program's own here: db.listen() hands notifications to a callback, never to a tenant's query.
const kept = new Set(["unlisten *", "reset role"]);

export class Session {
  readonly settings: ScopeSettings;
  readonly #db: PgliteLike;
  readonly #wantedRole: string | undefined;
  #role: string = "";
  /** The kit's role for work outside tenants. */
  controlRole: string = "";
  #profile: EngineProfile | undefined = undefined;
  #pid: number = 0;
  #lastTenant: string | undefined = undefined;
  #dirty: boolean = false;
  #ready: Promise<Handshake> | undefined = undefined;

  constructor(db: PgliteLike, settings: ScopeSettings, role: string | undefined) {
    this.#db = db;
    this.settings = settings;
    this.#wantedRole = role;
  }

  /** Waits until nobody else is in a transaction. */
  exclusively<T>(fn: () => Promise<T>): Promise<T> {
    return this.#db._runExclusiveTransaction(fn);
  }

  /** What proves the tenant to the database. */
  proof(tenant: string): string {
    return this.settings.tokens?.mint(tenant, this.#pid) ?? tenant;
  }

  /** What goes in front of a tenant's first statement. */
  prefix(tenant: string): Statement[] {
    const { level, alwaysReset } = this.#profile as EngineProfile;
    const statements: Statement[] = [this.#putOn(this.#role, true)];
    if (alwaysReset || this.#dirty || (this.#lastTenant !== undefined && this.#lastTenant !== tenant))
      statements.push(
        ...resetStatements(level)
          .filter((text) => !kept.has(text))
          .map((text) => ({ text })),
      );
    statements.push(contextStatement(level, this.proof(tenant)));
    this.#lastTenant = tenant;
    // Until the transaction's end says otherwise: a reset is rolled back like any other setting.
    this.#dirty = true;
    return statements;
  }

  /** The same for work without a tenant, as another role. */
  unscopedPrefix(role: string): Statement[] {
    this.#dirty = true;
    return [this.#putOn(role, true)];
  }

  /** The transaction was committed: nothing is left of it that a reset would have to remove. */
  settle(committed: boolean): void {
    this.#dirty = !committed;
  }

  /** One call of execProtocol. Only under `exclusively`. */
  async send(
    before: readonly Statement[],
    statements: readonly Statement[],
    options?: ReadOptions & { readonly sync?: boolean },
  ): Promise<Answer> {
    const bytes = writePipeline(before, statements, this.#db.serializers);
    const { messages } = await this.#db.runExclusive(() =>
      this.#db.execProtocol(bytes, { throwOnError: false, syncToFs: options?.sync ?? true }),
    );
    return readAnswer(messages as readonly ServerMessage[], before.length, this.#db.parsers, options);
  }

  /** The start-up probe; once, and again after a failure. */
  ready(): Promise<Handshake> {
    if (this.#ready === undefined) {
      const attempt = this.#db.waitReady.then(() => this.exclusively(() => this.#probe()));
      this.#ready = attempt;
      attempt.catch(() => (this.#ready = undefined));
    }
    return this.#ready;
  }

  async #probe(): Promise<Handshake> {
    // Another wrapper of the same instance may have put a role on.
    const [, roles] = await this.#ask([{ text: "reset role" }, { text: rolesQuery }]);
    const names = Object.fromEntries((roles?.rows ?? []).map(({ name, value }) => [name, value])) as Record<
      string,
      string
    >;
    this.#role = this.#wantedRole ?? names["app"] ?? "";
    this.controlRole = names["control"] ?? "";
    await this.#ask([this.#putOn(this.#role, false)]);
    const asked = Date.now();
    const [answer] = await this.#ask([{ text: handshakeText }]);
    const shake = JSON.parse(String(answer?.rows[0]?.["h"])) as Handshake;
    const clockOffsetMs = shake.clock * 1000 - (asked + Date.now()) / 2;
    // There is no pooler; and the session is a superuser's by nature, so the role it acts as is judged.
    const profile = judgeHandshake(
      { ...shake, sessionSuperuser: false },
      { level: this.settings.level, pooler: "none", clientPid: shake.backendPid },
    );
    const [, inside] = await this.#ask([
      { text: probeSet, values: [probeMark] },
      { text: probeGet, values: [probeMark] },
    ]);
    const [after] = await this.#ask([{ text: probeGet, values: [probeMark] }]);
    judgeProbe(inside?.rows[0], after?.rows[0]);
    if (this.settings.tokens) this.settings.tokens.clockOffsetMs = clockOffsetMs;
    this.#pid = shake.backendPid;
    this.#profile = profile;
    return shake;
  }

  async #ask(statements: readonly Statement[]): Promise<Result[]> {
    // PGlite's own text: the user may have parsers of their own.
    const { results, error } = await this.send([], statements, { parsers: asText });
    if (error === undefined) return results;
    throw (isWatertightError(error) ? undefined : explainHandshake(error as SqlError)) ?? error;
  }

  #putOn(role: string, local: boolean): Statement {
    return { text: roleText, values: [role, String(local)] };
  }
}

const asText: Record<number, (value: string) => string> = { 25: String, 114: String, 3802: String };

/** What an error means. */
export function readCondition(error: unknown): Condition | undefined {
  return isWatertightError(error) ? undefined : conditionOf(error as SqlError);
}

/** The error to deliver; an ordinary SQL error stays PGlite's own object. */
export function translate(error: unknown, tenant: string | undefined): unknown {
  const condition = readCondition(error);
  const sqlError = error as SqlError;
  const ours = condition && explain(condition, sqlError, false);
  if (ours === undefined) return error;
  if (condition === "denied" || condition === "no-context" || condition === "second-tenant")
    emitEvent("denied", {
      code: ours.code,
      tenant,
      ...(sqlError.table && { relation: sqlError.table }),
      ...(sqlError.code && { sqlstate: sqlError.code }),
    });
  return ours;
}
