/** What all commands of the model share: how they are made, printed and judged. */
import type { AsyncCommand } from "fast-check";
import type { ModelDatabase } from "./model-database.ts";
import { type Oracle, refuseForeignMarks, type TenantModel } from "./oracle.ts";

export type ModelCommand = AsyncCommand<Oracle, ModelDatabase>;

/** How many commands ran, by name, over all runs. */
export const ran: Map<string, number> = new Map();
let total = 0;

/** A command that compares every tenant's rows with the oracle now and then. */
export function command(
  name: string,
  args: unknown,
  run: (oracle: Oracle, real: ModelDatabase) => Promise<void>,
): ModelCommand {
  return {
    check: () => true,
    async run(oracle, real) {
      ran.set(name, (ran.get(name) ?? 0) + 1);
      await run(oracle, real);
      if (++total % 10 === 0) await real.compareAll(oracle);
    },
    toString: () => `${name}(${JSON.stringify(args)})`,
  };
}

/** The error that work ends in, judged; `undefined` when it ends well, its reply judged too. */
export async function outcome<T>(
  tenant: TenantModel,
  work: () => Promise<T>,
): Promise<{ reply: T } | { error: Error & { code?: string } }> {
  try {
    const reply = await work();
    refuseForeignMarks(tenant, (reply as { rows?: unknown } | undefined)?.rows ?? reply ?? null);
    return { reply };
  } catch (error) {
    refuseForeignMarks(tenant, error);
    return { error: error as Error };
  }
}

/** Work of a tenant: refused with its code while the tenant is suspended, else its reply. */
export async function served<T>(tenant: TenantModel, work: () => Promise<T>): Promise<T | undefined> {
  const result = await outcome(tenant, work);
  if (tenant.suspended) {
    if ("error" in result && result.error.code === "WT_TENANT_NOT_SERVED") return undefined;
    throw new Error(
      `tenant ${tenant.index} is suspended, yet: ${"error" in result ? result.error.stack : JSON.stringify(result.reply)}`,
    );
  }
  if ("error" in result) throw result.error;
  return result.reply;
}

/** @throws when two values differ */
export function same(real: unknown, expected: unknown): void {
  if (JSON.stringify(real) !== JSON.stringify(expected))
    throw new Error(`got ${JSON.stringify(real)}, not ${JSON.stringify(expected)}`);
}
