/**
 * What every driver must know before it scopes anything: level, keys, type of ids, limits. Decides which tenant a call
 * speaks for; never talks to the network and knows no driver.
 */
import { emitEvent } from "../context/events.ts";
import { currentTenant } from "../context/store.ts";
import { failure } from "../errors/errors.ts";
import { checkTimeout, oneOf } from "./check-option.ts";
import type { Level } from "./context-statement.ts";
import { canonicalTenantId, type TenantIdType } from "./tenant-id.ts";
import { parseKeys, TokenSource } from "./token.ts";

/** The options that mean the same under every driver. */
export interface ScopeOptions {
  /** Signing key; default: the environment variable WATERTIGHT_KEY. Not used at level plain. */
  readonly key?: string | undefined;
  /** Default 'sealed'. */
  readonly level?: Level | undefined;
  /** Type of the tenant column; default 'uuid'. */
  readonly tenantIdType?: TenantIdType | undefined;
  /** How long a token is good, in seconds; default 10. */
  readonly tokenLifeSeconds?: number | undefined;
  /** Limit for every statement, in milliseconds; a call may give its own. */
  readonly statementTimeoutMs?: number | undefined;
  /** Whether a transaction pooler stands between; default 'auto': found out by the start-up probe. */
  readonly pooler?: "auto" | "none" | "transaction" | undefined;
}

/** Checked settings. A driver's own engine builds on it. */
export class ScopeSettings {
  readonly level: Level;
  readonly tenantIdType: TenantIdType;
  readonly pooler: "auto" | "none" | "transaction";
  readonly statementTimeoutMs: number | undefined;
  readonly tokens: TokenSource | undefined;
  // Equal to nothing, not even to an undefined that JavaScript code passes first.
  #raw: unknown = NaN;
  #canonical: string = "";

  constructor(options: ScopeOptions) {
    this.level = oneOf("level", options.level, ["sealed", "plain", "hostile"]);
    this.tenantIdType = oneOf("tenantIdType", options.tenantIdType, ["uuid", "bigint", "text"]);
    this.pooler = oneOf("pooler", options.pooler, ["auto", "none", "transaction"]);
    this.statementTimeoutMs = checkTimeout(options.statementTimeoutMs);
    this.tokens =
      this.level === "plain"
        ? undefined
        : new TokenSource(parseKeys(options.key ?? process.env["WATERTIGHT_KEY"]), options.tokenLifeSeconds ?? 10);
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
      emitEvent("missing-context", { surface });
      throw failure("WT_NO_TENANT");
    }
    if (bound !== undefined && bound !== ambient) {
      emitEvent("denied", { code: "WT_TENANT_MISMATCH", tenant: ambient });
      throw failure("WT_TENANT_MISMATCH");
    }
    return ambient;
  }
}
