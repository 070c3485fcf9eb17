/** One iteration as its handler sees it: who asks, over what, and where replies are shown for judgement. */
import type { Random } from "./random.ts";
import type { Subject } from "./subject.ts";
import { type Foreign, foreignInError, foreignInReply, type Tenant } from "./tenants.ts";

export class Turn {
  readonly subject: Subject;
  readonly random: Random;
  readonly tenant: Tenant;
  readonly other: Tenant;
  readonly foreign: Foreign[] = [];
  /** Codes of the errors that the handler met. */
  readonly codes: string[] = [];
  /** Ends connections of the database as an administrator does. */
  readonly kill: (pid: number) => Promise<void>;
  /** Updates of the counter that were acknowledged, and those whose outcome nobody knows. */
  acknowledged: number = 0;
  unknown: number = 0;
  /** Queries that nobody awaits; the run does, so that their replies are judged too. */
  readonly loose: Promise<unknown>[] = [];

  constructor(subject: Subject, random: Random, tenant: Tenant, other: Tenant, kill: (pid: number) => Promise<void>) {
    this.subject = subject;
    this.random = random;
    this.tenant = tenant;
    this.other = other;
    this.kill = kill;
  }

  /** Judges a reply and hands it on. */
  see<T>(reply: T, asking: Tenant | undefined = this.tenant): T {
    const found = foreignInReply(reply, asking);
    if (found) this.foreign.push(found);
    return reply;
  }

  /** For a reply to code that has no tenant: every row is one too many. */
  seeNobodys<T>(reply: T): T {
    const found = foreignInReply(reply, undefined);
    if (found) this.foreign.push(found);
    return reply;
  }

  /** Judges an error, wherever it went. */
  caught(error: unknown): void {
    const found = foreignInError(error, [this.tenant]);
    if (found) this.foreign.push(found);
    const code = (error as { code?: unknown } | null)?.code;
    this.codes.push(typeof code === "string" ? code : error instanceof Error ? error.constructor.name : typeof error);
  }

  /** Awaits and swallows, as careless code does. */
  async careless(work: () => Promise<unknown>, asking: Tenant | undefined = this.tenant): Promise<boolean> {
    try {
      this.see(await work(), asking);
      return true;
    } catch (error) {
      this.caught(error);
      return false;
    }
  }

  /** Starts something and forgets it. */
  forget(work: Promise<unknown>): void {
    this.loose.push(
      work.then(
        (reply) => this.see(reply),
        (error: unknown) => this.caught(error),
      ),
    );
  }
}

/** What a handler of the correct kinds says: whether it got what it had to get. */
export type Handler = (turn: Turn) => Promise<boolean | void>;
