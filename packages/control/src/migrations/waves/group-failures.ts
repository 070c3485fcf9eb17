/**
 * Failures of many targets as a few groups: the same SQLSTATE and message at the same place, whatever the tenant's name. Pure.
 */
import type { RunTarget } from "./wave-store.ts";

/** Targets that failed in the same way. */
export interface FailureGroup {
  readonly code: string;
  readonly sqlstate: string | null;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly count: number;
  /** The first of them. */
  readonly targets: readonly string[];
}

const SHOWN = 10;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A message without the tenant's own name. */
const common = (message: string, target: string): string =>
  message.replace(new RegExp(`(?<![\\w])${escaped(target)}(?![\\w])`, "g"), "<tenant>");

/** Groups, the largest first. */
export function groupFailures(targets: readonly RunTarget[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup & { targets: string[]; count: number }>();
  for (const { target, failure } of targets) {
    if (failure === null) continue;
    const message = common(failure.message, target);
    const key = JSON.stringify([failure.code, failure.sqlstate, message, failure.file, failure.line]);
    const group = groups.get(key) ?? { ...failure, message, count: 0, targets: [] };
    groups.set(key, { ...group, count: group.count + 1, targets: [...group.targets, target].slice(0, SHOWN) });
  }
  return [...groups.values()].toSorted((a, b) => b.count - a.count);
}
