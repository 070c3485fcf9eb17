/**
 * What a class of hostile statements is, and what one trial of it found. Data and types only.
 */
import type { World } from "./arena.ts";
import type { Said } from "./desk.ts";
import type { Weakness } from "./weaknesses.ts";

/** A statement; as an object where something else than "runs in the open transaction, behind a savepoint" is meant. */
export type Step =
  | string
  | {
      readonly sql: string;
      /** Without a savepoint: it ends the transaction, or there is none. */
      readonly alone?: true;
      /** 42601 is the right answer: several statements in one text, which the extended protocol refuses. */
      readonly multi?: true;
      /** A syntax of newer or older servers only. */
      readonly versions?: readonly number[];
    };

export interface HostileClass {
  readonly id: string;
  /** Leak vectors of the catalogue. */
  readonly vectors: readonly string[];
  /** Statements of A, in A's open transaction. */
  readonly attack: (w: World) => readonly Step[];
  /** Statements that B's honest request runs afterwards on the same connection, beside its usual ones. */
  readonly meanwhile?: (w: World) => readonly Step[];
  /** A statement that B holds on another connection while A attacks; `$PID` in A's statements is that backend. */
  readonly neighbour?: (w: World) => string;
  /** Statements of A when it gets the connection back. */
  readonly loot?: (w: World) => readonly Step[];
  /** Lasting denial when committed: never run outside the transaction that it rolls back itself. */
  readonly lasting?: true;
  /** Damage that no canary shows. */
  readonly harm?: (trial: Trial) => boolean;
  /** The defence to remove; the same statements must then leak or harm. */
  readonly biteWith?: Weakness;
  /** Not closed: why. `harm` must then be true as shipped, so that this list stays honest. */
  readonly open?: string;
}

export interface Trial {
  executed: number;
  refused: number;
  errored: number;
  readonly syntaxErrors: string[];
  /** What was found where it must not be. */
  readonly leaks: string[];
  borrower: "served" | "refused" | "wrong";
  /** The connection was in no state to be lent again. */
  destroyed: boolean;
  readonly attack: Said[];
  readonly meanwhile: Said[];
  readonly loot: Said[];
}

/** Whether any of the answers came without an error. */
export const anyWorked = (answers: readonly Said[]): boolean => answers.some((said) => said.code === undefined);
