/**
 * What all connections of one pool share: settings, keys, the judged profile of the database. Never talks to the
 * network.
 */
import { contextText, resetStatements } from "../../scope/context-statement.ts";
import type { EngineProfile, Handshake } from "../../scope/profile.ts";
import { oneOf } from "../../scope/check-option.ts";
import { type ScopeOptions, ScopeSettings } from "../../scope/settings.ts";
import { MessageWriter } from "../../scope/wire.ts";

/** The options of ours, beside pg's own. */
export interface EngineOptions extends ScopeOptions {
  /** Which statements get a name: those with a `name` (default), all, or none. */
  readonly prepare?: "named" | "all" | "none" | undefined;
}

/** Where pg's own config carries the engine to the client's constructor. */
export const engineKey: unique symbol = Symbol("watertight.engine");

/** What writing a context needs of an engine. */
export type ContextSource = Pick<
  Engine,
  | "profile"
  | "resetBytes"
  | "resetCount"
  | "openText"
  | "openTimedText"
  | "tokens"
  | "generation"
  | "statementTimeoutMs"
  | "values"
>;

const pipelineWriter = new MessageWriter();

export class Engine extends ScopeSettings {
  readonly prepare: "named" | "all" | "none";
  readonly writer: MessageWriter = pipelineWriter;
  profile: EngineProfile | undefined;
  handshake: Handshake | undefined;
  /** Raised when the clock was measured anew: cached tokens are void. */
  generation: number = 0;
  resetBytes: Buffer = Buffer.alloc(0);
  resetCount: number = 0;
  openText: string = "";
  openTimedText: string = "";

  constructor(options: EngineOptions) {
    super(options);
    this.prepare = oneOf("prepare", options.prepare, ["named", "all", "none"]);
  }

  /** Takes over what the judgement found; `clockOffsetMs` is the database's clock minus ours. */
  accept(profile: EngineProfile, handshake: Handshake, clockOffsetMs: number): void {
    const resets = resetStatements(profile.level);
    for (const text of resets) this.writer.run(text);
    this.resetBytes = this.writer.take();
    this.resetCount = resets.length;
    this.openText = contextText(profile.level, false);
    this.openTimedText = contextText(profile.level, true);
    this.profile = profile;
    this.handshake = handshake;
    if (this.tokens) this.tokens.clockOffsetMs = clockOffsetMs;
    this.generation++;
  }

  /** The values of the statement that opens a context: proof, limit. */
  values(tenant: string, pid: number, timeoutMs: number | undefined): string[] {
    const proof = this.proof(tenant, pid);
    return timeoutMs === undefined ? [proof] : [proof, String(timeoutMs)];
  }

  /** What opens a tenant's context on a backend: a token, or at level plain the id itself. */
  proof(tenant: string, pid: number): string {
    return this.tokens ? this.tokens.mint(tenant, this.profile?.pooled ? 0 : pid) : tenant;
  }
}
