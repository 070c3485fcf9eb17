/**
 * What all connections of one pool share: settings, keys, the judged profile of the database. Decides which tenant a
 * call speaks for; never talks to the network.
 */
import { currentTenant } from '../../context/store.ts';
import { emitEvent } from '../../context/events.ts';
import { failure } from '../../errors/errors.ts';
import { type Level, contextText, resetStatements } from '../../scope/context-statement.ts';
import type { EngineProfile, Handshake } from '../../scope/profile.ts';
import { canonicalTenantId, type TenantIdType } from '../../scope/tenant-id.ts';
import { parseKeys, TokenSource } from '../../scope/token.ts';
import { MessageWriter } from '../../scope/wire.ts';

/** The options of ours, beside pg's own. */
export interface EngineOptions {
  readonly key?: string | undefined;
  readonly level?: Level | undefined;
  readonly tenantIdType?: TenantIdType | undefined;
  readonly tokenLifeSeconds?: number | undefined;
  readonly prepare?: 'named' | 'all' | 'none' | undefined;
  readonly statementTimeoutMs?: number | undefined;
  readonly pooler?: 'auto' | 'none' | 'transaction' | undefined;
}

/** Where pg's own config carries the engine to the client's constructor. */
export const engineKey: unique symbol = Symbol('watertight.engine');

const pipelineWriter = new MessageWriter();

export class Engine {
  readonly level: Level;
  readonly tenantIdType: TenantIdType;
  readonly prepare: 'named' | 'all' | 'none';
  readonly pooler: 'auto' | 'none' | 'transaction';
  readonly statementTimeoutMs: number | undefined;
  readonly tokens: TokenSource | undefined;
  readonly writer: MessageWriter = pipelineWriter;
  profile: EngineProfile | undefined = undefined;
  handshake: Handshake | undefined = undefined;
  /** Raised when the clock was measured anew: cached tokens are void. */
  generation: number = 0;
  resetBytes: Buffer = Buffer.alloc(0);
  resetCount: number = 0;
  openText: string = '';
  openTimedText: string = '';
  #raw: string | undefined = undefined;
  #canonical: string = '';

  constructor(options: EngineOptions) {
    this.level = oneOf('level', options.level ?? 'sealed', ['plain', 'sealed', 'hostile']);
    this.tenantIdType = oneOf('tenantIdType', options.tenantIdType ?? 'uuid', ['uuid', 'bigint', 'text']);
    this.prepare = oneOf('prepare', options.prepare ?? 'named', ['named', 'all', 'none']);
    this.pooler = oneOf('pooler', options.pooler ?? 'auto', ['auto', 'none', 'transaction']);
    this.statementTimeoutMs = checkTimeout(options.statementTimeoutMs);
    this.tokens =
      this.level === 'plain'
        ? undefined
        : new TokenSource(parseKeys(options.key ?? process.env['WATERTIGHT_KEY']), options.tokenLifeSeconds ?? 10);
  }

  /** Takes over what the start-up judgement found. */
  accept(profile: EngineProfile, handshake: Handshake, clockOffsetMs: number): void {
    const resets = resetStatements(profile.level);
    for (const text of resets) this.writer.run(text);
    this.resetBytes = this.writer.take();
    this.resetCount = resets.length;
    this.openText = contextText(profile.level, false);
    this.openTimedText = contextText(profile.level, true);
    if (this.tokens) this.tokens.clockOffsetMs = clockOffsetMs;
    this.handshake = handshake;
    this.profile = profile;
    this.generation++;
  }

  /** The canonical form of an id; remembers the last one, because calls come in runs. */
  canonical(tenant: string): string {
    if (tenant !== this.#raw) {
      this.#canonical = canonicalTenantId(tenant, this.tenantIdType);
      this.#raw = tenant;
    }
    return this.#canonical;
  }

  /** The ambient tenant in canonical form, if there is one. */
  ambient(): string | undefined {
    const tenant = currentTenant();
    return tenant === undefined ? undefined : this.canonical(tenant);
  }

  /**
   * The tenant that a call speaks for: the bound one, or else the ambient one. Two that disagree are refused, because
   * no guess is right.
   * @throws ContextError WT_NO_TENANT, WT_TENANT_MISMATCH, WT_TENANT_INVALID
   */
  tenantFor(bound: string | undefined, surface: string): string {
    const ambient = this.ambient();
    if (ambient === undefined) {
      if (bound !== undefined) return bound;
      emitEvent('missing-context', { surface });
      throw failure('WT_NO_TENANT');
    }
    if (bound !== undefined && bound !== ambient) {
      emitEvent('denied', { code: 'WT_TENANT_MISMATCH', tenant: ambient });
      throw failure('WT_TENANT_MISMATCH');
    }
    return ambient;
  }
}

/** A statement timeout in milliseconds, or undefined. @throws ConfigurationError WT_CONFIG */
export function checkTimeout(value: number | undefined): number | undefined {
  if (value !== undefined && !(Number.isInteger(value) && value > 0 && value < 2 ** 31))
    throw failure('WT_CONFIG', { detail: 'statementTimeoutMs must be a positive whole number' });
  return value;
}

function oneOf<T extends string>(option: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) throw failure('WT_CONFIG', { detail: `${option} must be one of ${allowed.join(', ')}` });
  return value;
}
