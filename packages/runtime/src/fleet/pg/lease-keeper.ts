/**
 * Keeps one server's lease alive and tells the scheduler when the share changes. A store that does not answer costs the lease in time, never a request.
 */
import { emitEvent } from "../../context/events.ts";
import { failure } from "../../errors/errors.ts";
import { ShareHolder } from "../lease/share-holder.ts";
import type { FleetSettings } from "../options.ts";

/** What it asks and tells. */
export interface LeaseSubject {
  held(): number;
  wanted(): number;
  resize(share: number): void;
}

const now = (): number => performance.now();

export class LeaseKeeper {
  readonly #server: string;
  readonly #settings: FleetSettings;
  readonly #subject: LeaseSubject;
  readonly #holder: ShareHolder;
  readonly #timer: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | undefined;
  #ended: boolean = false;

  constructor(server: string, settings: FleetSettings, share: number, subject: LeaseSubject) {
    this.#server = server;
    this.#settings = settings;
    this.#subject = subject;
    this.#holder = new ShareHolder(share);
    if (settings.leases === undefined) return;
    this.#timer = setInterval(() => this.#renew(), settings.renewEveryMs).unref();
    this.#renew();
  }

  get leased(): boolean {
    return this.#holder.leased(now());
  }

  async end(): Promise<void> {
    this.#ended = true;
    clearInterval(this.#timer);
    clearTimeout(this.#expiry);
    await this.#renewing;
    const { leases, instance } = this.#settings;
    // Should it fail: the lease runs out by itself.
    if (leases)
      await this.#inTime(leases.release(this.#server, instance)).catch((cause: unknown) =>
        this.#warn("not given back", cause),
      );
  }

  // One at a time: a slow store must not gather requests.
  #renew(): void {
    this.#renewing ??= this.#renewOnce().finally(() => (this.#renewing = undefined));
  }

  async #renewOnce(): Promise<void> {
    const { leases, instance } = this.#settings;
    const askedAt = now();
    const before = this.#holder.share(askedAt);
    try {
      const [held, wanted] = [this.#subject.held(), this.#subject.wanted()];
      const grant = await this.#inTime(leases!.renew({ server: this.#server, instance, held, share: before, wanted }));
      if (this.#ended) return;
      this.#holder.granted(grant, askedAt);
      const share = this.#holder.share(now());
      if (share !== before) this.#subject.resize(share);
      this.#awaitExpiry();
    } catch (cause) {
      this.#warn("not renewed", cause);
    }
  }

  // A store that never answers must not end the renewals. An answer that comes later is not used: the store counts it, we don't, which is safe.
  #inTime<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(failure("WT_QUERY_TIMEOUT", { detail: "lease" })), this.#settings.renewEveryMs);
      timer.unref();
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }

  #awaitExpiry(): void {
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.#expired(), Math.max(1, this.#holder.until - now())).unref();
  }

  #expired(): void {
    // A timer may come a little before its time; the share would then stay for ever.
    if (this.leased) return this.#awaitExpiry();
    this.#subject.resize(this.#holder.share(now()));
    this.#warn("lost; the static share holds", undefined);
  }

  #warn(what: string, cause: unknown): void {
    emitEvent("warning", { message: `lease on connections to ${this.#server} ${what}`, cause });
  }
}
