// Makes all attempts against a running server and passes the verdict on each: foreign marks in any reply, changed rows of the victim, links
// made across tenants, or answers that tell what exists elsewhere. The request log only explains; it never acquits.
import type { Activity, Entry } from "../app/activity.ts";
import type { TokenAuthority } from "../app/identity.ts";
import { foreignRecords } from "../data/canary.ts";
import { namesIn } from "../database/names.ts";
import type { Names } from "../database/names.ts";
import { forge } from "./forgery.ts";
import { apiClient, bodyOf } from "./scene.ts";
import type { Attempt, BreakIn, Reply, Targets } from "./scene.ts";
import { elsewhere, stopsOf } from "./stops.ts";
import type { Stop } from "./stops.ts";
import { changedRows } from "./witness.ts";
import type { Witness } from "./witness.ts";

export interface Outcome {
  id: string;
  title: string;
  leaked: boolean;
  /** Records with another tenant's mark in the replies. */
  foreignRows: number;
  changedRows: number;
  crossLinks: number;
  /** The answers told whether something exists in the other tenant. */
  told: boolean;
  statuses: number[];
  stops: Stop[];
}

interface Party {
  token: string;
  userId: string;
  tenant: string;
  code: string;
  /** Where the party lives; in shared tables unless told. */
  names?: Names;
}

export interface Battlefield {
  base: string;
  authority: TokenAuthority;
  intruder: Party;
  victim: Party;
  targets: Targets;
  witness: Witness;
  breakIn?: BreakIn;
  activityOf(requestId: string): Activity | undefined;
}

const replyBody = (reply: Reply): string => {
  const text = reply.text.slice(reply.text.indexOf("\n\n"));
  // the request id is the one thing that may differ between two refusals
  return text.replaceAll(reply.requestId, "");
};

export async function runAttempts(
  field: Battlefield,
  attempts: readonly Attempt[],
  each: (outcome: Outcome) => void = () => {},
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const forgery = await forge(field.authority, { userId: field.victim.userId, tenant: field.victim.tenant });
  let before = await field.witness.look();
  const { breakIn } = field;
  for (const attempt of attempts) {
    if (breakIn !== undefined && attempt.applies?.(breakIn) === false) continue;
    const replies: Reply[] = [];
    const beside: Entry[] = [];
    const seen = new Set<string>();
    let told = false;
    let alike = false;
    await attempt.run({
      attacker: apiClient(field.base, field.intruder.token, (reply) => {
        replies.push(reply);
        for (const record of foreignRecords(reply.text, field.intruder.code)) seen.add(record);
      }),
      victim: apiClient(field.base, field.victim.token),
      ownTenant: field.intruder.tenant,
      targets: field.targets,
      forgery,
      authority: field.authority,
      own: field.intruder.names ?? namesIn(),
      theirs: field.victim.names ?? namesIn(),
      ...(breakIn === undefined ? {} : { breakIn }),
      seen: () => seen.size,
      heard: (answer) => {
        if ("refused" in answer) beside.push({ kind: "refused", error: answer.refused });
        else if ("login" in answer) beside.push({ kind: "login", error: answer.login });
        else {
          beside.push({ kind: "query", area: "stolen login", rows: answer.rows.length });
          for (const record of foreignRecords(JSON.stringify(answer.rows), field.intruder.code)) seen.add(record);
        }
      },
      compare: (foreign, unknown) => {
        const refused = foreign.status >= 400 || unknown.status >= 400;
        if (foreign.status !== unknown.status || (refused && replyBody(foreign) !== replyBody(unknown))) told = true;
        else alike = true;
      },
    });
    const after = await field.witness.look();
    const entries = [
      ...replies.flatMap((reply): Entry[] => field.activityOf(reply.requestId)?.entries ?? []),
      ...beside,
    ];
    const outcome: Outcome = {
      id: attempt.id,
      title: attempt.title,
      leaked: false,
      foreignRows: seen.size,
      changedRows: changedRows(before, after),
      crossLinks: Math.max(0, after.crossLinks - before.crossLinks),
      told,
      statuses: [...new Set(replies.map((reply) => reply.status))],
      stops: [],
    };
    outcome.leaked = outcome.foreignRows > 0 || outcome.changedRows > 0 || outcome.crossLinks > 0 || outcome.told;
    if (!outcome.leaked) outcome.stops = explain(entries, alike, breakIn?.apart === true);
    outcomes.push(outcome);
    each(outcome);
    before = after;
  }
  return outcomes;
}

function explain(entries: readonly Entry[], alike: boolean, apart: boolean): Stop[] {
  // nothing was refused and nothing could be told apart: the constraint itself is per tenant
  const refused = entries.some((entry) => entry.kind === "refused");
  const stops: Stop[] = alike && !refused ? [{ layer: "key", evidence: "answers alike" }] : stopsOf(entries);
  return apart ? elsewhere(stops) : stops;
}

/** Logs in over the API, as everybody does. */
export async function logIn(
  base: string,
  tenant: string,
  email: string,
  password: string,
): Promise<{ token: string; tenant: string }> {
  const reply = await apiClient(base, "none").send("POST", "/v1/login", { body: { tenant, email, password } });
  if (reply.status !== 200) throw new Error(`the login of ${email} was answered with ${reply.status}`);
  return bodyOf(reply) as { token: string; tenant: string };
}
