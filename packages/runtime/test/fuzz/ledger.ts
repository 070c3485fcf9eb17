/** What happened, counted by kind, and the last happenings of each pool, for the story of a failure. */
import type { Kind } from "./kinds.ts";
import type { Foreign } from "./tenants.ts";

export interface Leak extends Foreign {
  readonly iteration: number;
  readonly kind: string;
  readonly tenant: number;
  readonly pool: number;
  /** What ran on that pool before and beside it, the latest last. */
  readonly story: readonly string[];
}

interface Count {
  done: number;
  right: number;
  failed: number;
  leaks: number;
  readonly codes: Map<string, number>;
}

const storyLength = 48;

export class Ledger {
  readonly leaks: Leak[] = [];
  leakCount: number = 0;
  readonly hangs: string[] = [];
  readonly unhandled: string[] = [];
  readonly counts: Map<Kind, Count> = new Map();
  readonly #stories: string[][] = [];

  note(pool: number, happening: string): void {
    const story = (this.#stories[pool] ??= []);
    story.push(happening);
    if (story.length > 4 * storyLength) story.splice(0, story.length - storyLength);
  }

  count(kind: Kind): Count {
    let count = this.counts.get(kind);
    if (count === undefined)
      this.counts.set(kind, (count = { done: 0, right: 0, failed: 0, leaks: 0, codes: new Map() }));
    return count;
  }

  leak(kind: Kind, leak: Omit<Leak, "story" | "kind">): void {
    this.leakCount++;
    this.count(kind).leaks++;
    if (this.leaks.length < 20)
      this.leaks.push({ ...leak, kind: kind.name, story: (this.#stories[leak.pool] ?? []).slice(-storyLength) });
  }

  /** Share of the correct handlers that were answered rightly. */
  rightShare(): number {
    let done = 0;
    let right = 0;
    for (const [kind, count] of this.counts)
      if (kind.correct) {
        done += count.done;
        right += count.right;
      }
    return done === 0 ? 0 : right / done;
  }

  /** Iterations by kind as lines of a table. */
  table(): string {
    const lines = ["kind                    done   right  failed  leaks  errors met"];
    for (const [kind, { done, right, failed, leaks, codes }] of [...this.counts].sort(
      ([a], [b]) => Number(b.correct) - Number(a.correct),
    )) {
      const met = [...codes].sort((a, b) => b[1] - a[1]).slice(0, 6);
      lines.push(
        [
          `${kind.correct ? "+" : "-"} ${kind.name}`.padEnd(22),
          String(done).padStart(6),
          (kind.correct ? String(right) : "").padStart(7),
          String(failed).padStart(7),
          String(leaks).padStart(6),
          ` ${met.map(([code, n]) => `${code} ${n}`).join(", ")}`,
        ].join(" "),
      );
    }
    return lines.join("\n");
  }
}
