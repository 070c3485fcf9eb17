/**
 * Follows an operation: its events as they come, until it ends, waits for a second person, or nobody seems to take it. Must never stand still without saying
 * what is waited for.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type * as Control from "@watertight/control";
import type { Client } from "pg";
import { exitCodes } from "../../cli-error.ts";
import type { CommandContext } from "../../command.ts";
import { harmless } from "../../output/printer.ts";

/** How commander gives `--wait <seconds>` and `--no-wait`. */
export interface WaitFlags {
  readonly wait: string | false;
}

/** How long nobody may begin an operation before a person is told, in milliseconds. */
const patience = 5000;
const finished: readonly string[] = ["succeeded", "failed", "cancelled"];

/** Follows it for so long; answers it as it was last seen. */
export async function follow(
  { print }: Pick<CommandContext, "print">,
  control: typeof Control,
  client: Client,
  id: string,
  waitMs: number = Number.POSITIVE_INFINITY,
): Promise<Control.Operation> {
  const begun = Date.now();
  let last = "0";
  let told = false;
  for (;;) {
    const now = await control.getOperation(client, id);
    const events = await control.listOperationEvents(client, id, last);
    for (const { id: event, at, kind, data } of events) {
      last = event;
      if (!print.json) print.line(`${at.toISOString()}  ${kind.padEnd(14)} ${eventText(data)}`.trimEnd());
    }
    if (events.length === 0 && (finished.includes(now.state) || now.state === "waiting_approval")) return now;
    const waited = Date.now() - begun;
    if (now.state === "pending" && now.startedAt === null && waited > patience && !told) {
      told = true;
      print.note("No worker has taken it yet. If none runs, start one: watertight up --db env:NAME");
    }
    if (waited > waitMs) return now;
    await sleep(250);
  }
}

/** What a person is told at the end, and the exit code. */
export function concluded({ print }: Pick<CommandContext, "print">, operation: Control.Operation): number {
  const { id, state, error, requestedBy } = operation;
  print.result({ operation }, () => {
    print.line(`${id} ${state}`);
    if (state === "waiting_approval") {
      print.line(
        `It needs a second person: somebody other than ${requestedBy} runs watertight operations approve ${id}`,
      );
      print.line(
        `or POST /v1/operations/${id}/approve with a token of role approver. Take it back: watertight operations cancel ${id}`,
      );
    } else if (error !== null) print.line(harmless(error.message));
    else if (!finished.includes(state)) print.line(`It goes on: watertight operations watch ${id}`);
  });
  return state === "succeeded" || state === "waiting_approval" ? exitCodes.ok : exitCodes.partly;
}

/** What an event says. */
function eventText(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data)
    .map(([key, value]) => `${key}=${harmless(typeof value === "string" ? value : JSON.stringify(value))}`)
    .join(" ");
}
