/**
 * The words in which a rule's attack is written: what lies in the tables, what an application role then says, and how the harm shows. An
 * attack must never rest on an error alone: it leaks when B's canary comes out or a witness sees the damage.
 */

/** Tenant A, whose context every attack has. */
export const A = "aaaaaaaa-0000-4000-8000-00000000000a";
/** Tenant B, whose rows must stay B's. */
export const B = "bbbbbbbb-0000-4000-8000-00000000000b";
/** In every row of B that may not be seen. */
export const CANARY = "canary-of-b";

/** One attack on the fixtures of a rule: it leaks on red and not on green. */
export interface RuleAttack {
  /** The rule's id. */
  readonly rule: string;
  /** Words for the test's name, where a rule has several. */
  readonly name?: string;
  /** Major versions on which red leaks; on the others it must not. Default: all. */
  readonly leaksOn?: (version: number) => boolean;
  /** Run as superuser, triggers of the fixture included. */
  readonly seed: readonly string[];
  /** Default shop_app. */
  readonly as?: string;
  /** Settings of the transaction; default app.tenant_id = A. */
  readonly context?: Readonly<Record<string, string>>;
  /** Statements of the attacker, one by one; the first that fails ends it. */
  readonly attack: readonly string[];
  /** Run as superuser afterwards, in the same transaction; a row means harm. Without it the canary must have come out. */
  readonly witness?: string;
  /** SQLSTATEs with which the attack may be refused; default 42501 (permission denied, row security). */
  readonly refusedWith?: readonly string[];
}

/** Two tenants in public.tenants(id, name). */
export const twoTenants: string = `insert into public.tenants (id, name) values ('${A}', 'Ann'), ('${B}', '${CANARY}')`;
