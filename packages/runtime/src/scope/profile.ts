/**
 * The start-up judgement: from what the database says about itself and the connection role to how this pool may
 * speak to it, or to a typed refusal. Pure: the driver asks, this decides.
 */
import type { ErrorCode } from "../errors/codes.ts";
import { failure } from "../errors/errors.ts";
import type { Level } from "./context-statement.ts";

/** Lowest kit number (highest applied migration) this runtime works with. */
const oldestKit = 1;

/** What `watertight.handshake()` answers. */
export interface Handshake {
  /** Number of the newest installed kit migration. */
  readonly kit: number;
  readonly level: Level;
  /** server_version_num */
  readonly server: number;
  readonly backendPid: number;
  /** Database clock, seconds since 1970. */
  readonly clock: number;
  readonly role: string;
  readonly superuser: boolean;
  /** The role that logged in is a superuser, which RESET ROLE brings back. */
  readonly sessionSuperuser?: boolean;
  readonly bypassRls: boolean;
  readonly ownsTables: boolean;
  /** May create temporary tables. */
  readonly temp: boolean;
  /** May create in the search path or the database. */
  readonly create: boolean;
  /** May list prepared statements. */
  readonly preparedVisible: boolean;
  readonly roleSettings: readonly string[];
  /** Number of protected tables. */
  readonly protected: number;
}

/** What the caller wants and sees from its side. */
export interface Wanted {
  readonly level: Level;
  readonly pooler: "auto" | "none" | "transaction";
  /** Process id from the start-up packet; differs from the backend's behind a pooler. */
  readonly clientPid: number | null;
}

/** How to speak to this database. */
export interface EngineProfile {
  readonly level: Level;
  /** A pooler may change the backend between transactions: unbound tokens, reset always, unnamed statements. */
  readonly pooled: boolean;
  /** Statement names may be used: nobody can list or guess them. */
  readonly named: boolean;
  /** Reset in every transaction, not only at a change of tenant. */
  readonly alwaysReset: boolean;
}

/**
 * Judges a handshake.
 * @throws ConfigurationError WT_KIT_TOO_OLD, WT_LEVEL_MISMATCH, WT_ROLE_UNSAFE, WT_ROLE_NOT_HARDENED
 */
export function judgeHandshake(shake: Handshake, wanted: Wanted): EngineProfile {
  if (!(shake.kit >= oldestKit)) throw failure("WT_KIT_TOO_OLD", { detail: `kit ${shake.kit}, needed ${oldestKit}` });
  if ((shake.level === "plain") !== (wanted.level === "plain"))
    throw failure("WT_LEVEL_MISMATCH", { detail: `database ${shake.level}, runtime ${wanted.level}` });
  refuse("WT_ROLE_UNSAFE", [
    (shake.superuser || shake.sessionSuperuser) && "superuser",
    shake.bypassRls && "BYPASSRLS",
    shake.ownsTables && "owns tables",
  ]);
  // The stricter side wins: either may know that the database can't be hardened.
  const level: Level = shake.level === "hostile" ? "hostile" : wanted.level;
  if (level === "sealed") refuse("WT_ROLE_NOT_HARDENED", [shake.temp && "TEMP", shake.create && "CREATE"]);
  const pooled = wanted.pooler === "transaction" || (wanted.pooler === "auto" && shake.backendPid !== wanted.clientPid);
  const hostile = level === "hostile";
  return {
    level,
    pooled,
    // A statement name that can be listed can be swapped, and a swapped open() hands over the next tenant's token.
    // Level plain has no such claim, so there names are only a matter of speed.
    named: !pooled && !hostile && (level === "plain" || !shake.preparedVisible),
    alwaysReset: pooled || hostile,
  };
}

function refuse(code: ErrorCode, faults: readonly unknown[]): void {
  const detail = faults.filter(Boolean).join(", ");
  if (detail) throw failure(code, { detail });
}
