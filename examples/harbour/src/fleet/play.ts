// The act on all four models: an honest day of two tenants of each model, then an intruder of each model against a victim of each, through one
// application. Every attempt is made for every pair.
import { openContext } from "@watertight/schema";
import pg from "pg";
import { honestDay } from "../day/honest-day.ts";
import type { DayReport } from "../day/honest-day.ts";
import { DEMO_PASSWORD } from "../data/generate.ts";
import type { Company, Dataset } from "../data/generate.ts";
import { placeAttempts } from "../intruder/attempts.ts";
import { logIn, runAttempts } from "../intruder/intruder.ts";
import type { Outcome } from "../intruder/intruder.ts";
import type { Attempt } from "../intruder/scene.ts";
import { witness } from "../intruder/witness.ts";
import type { Eye } from "../intruder/witness.ts";
import { targetsIn } from "../run/cast.ts";
import { breakIn } from "./break-in.ts";
import type { Fleet } from "./fleet.ts";
import type { FleetHarbour } from "./fleet-harbour.ts";
import { models } from "./models.ts";
import type { Model } from "./models.ts";
import type { Residence } from "./residence.ts";

/** Who attacks whom: their models, and what became of it. */
export interface Encounter {
  attacker: Model;
  victim: Model;
  outcomes: Outcome[];
}

export interface FleetReport {
  days: { model: Model; day: DayReport }[];
  encounters: Encounter[];
}

/** Two companies of a model: an intruder works at the first, the second is the victim. */
type Pair = readonly [Company, Company];

const tokenOf = async (harbour: FleetHarbour, { slug, members }: Company, member: number): Promise<string> =>
  (await logIn(harbour.url, slug, members[member]!.email, DEMO_PASSWORD)).token;

/**
 * `main`: the pair that plays among the tenants of the shared tables, the large ones; elsewhere there are but two. `harbours`: instances of the
 * application over the same fleet; encounters are shared out to them, and never is one company in two at a time.
 */
export async function playFleet(
  fleet: Fleet,
  harbours: readonly FleetHarbour[],
  dataset: Dataset,
  main: Pair,
  { chosen = placeAttempts, signal }: { chosen?: readonly Attempt[]; signal?: AbortSignal } = {},
): Promise<FleetReport> {
  const pairOf = (model: Model): Pair => fleet.companies[model].slice(-2) as unknown as Pair;
  const honest = models.flatMap((model) =>
    (model === "pool" ? main : pairOf(model)).map(async (company) => {
      const harbour = harbours[0]!;
      return { model, day: await honestDay(harbour.url, await tokenOf(harbour, company, 0), company.code) };
    }),
  );
  const report: FleetReport = { days: await Promise.all(honest), encounters: [] };
  for (const shift of models.keys()) {
    // in one round every model attacks one other and is attacked by one other
    const round = models.map((attacker, i) => [attacker, models[(i + shift) % models.length]!] as const);
    await Promise.all(
      harbours.map(async (harbour, lane) => {
        for (const [i, [attacker, victim]] of round.entries()) {
          if (i % harbours.length !== lane) continue;
          signal?.throwIfAborted();
          const pair = shift === 0 && attacker === "pool" ? main : ([pairOf(attacker)[0], pairOf(victim)[1]] as const);
          const outcomes = await encounter(fleet, harbour, dataset, pair, chosen);
          report.encounters.push({ attacker, victim, outcomes });
        }
      }),
    );
  }
  const place = ({ attacker, victim }: Encounter): number => models.indexOf(attacker) * 10 + models.indexOf(victim);
  report.encounters.sort((a, b) => place(a) - place(b));
  return report;
}

/** One intruder against one victim. */
export async function encounter(
  fleet: Fleet,
  harbour: FleetHarbour,
  dataset: Dataset,
  [a, b]: Pair,
  chosen: readonly Attempt[],
): Promise<Outcome[]> {
  const own = fleet.residences.get(a.id)!;
  const theirs = fleet.residences.get(b.id)!;
  return withEyes(fleet, [theirs, own], async ([victim, attacker]) =>
    runAttempts(
      {
        base: harbour.url,
        authority: harbour.authority,
        targets: targetsIn(dataset, b),
        witness: witness(victim!, attacker!),
        breakIn: breakIn(harbour, own, theirs),
        intruder: {
          token: await tokenOf(harbour, a, 1),
          userId: a.members[1]!.userId,
          tenant: a.id,
          code: a.code,
          names: own.names,
        },
        victim: {
          token: await tokenOf(harbour, b, 0),
          userId: b.members[0]!.userId,
          tenant: b.id,
          code: b.code,
          names: theirs.names,
        },
        activityOf: (id) => harbour.activityOf(id),
      },
      chosen,
    ),
  );
}

/** Connections for the witness: above row security on an embedded server, in the tenant's context elsewhere. */
async function withEyes<T>(
  { cluster }: Fleet,
  residences: readonly Residence[],
  work: (eyes: Eye[]) => Promise<T>,
): Promise<T> {
  const clients: pg.Client[] = [];
  try {
    const eyes: Eye[] = [];
    for (const { tenant, names, database, url, key } of residences) {
      const client = new pg.Client({ connectionString: cluster.embedded ? cluster.url(database) : url });
      client.on("error", () => {});
      clients.push(client);
      await client.connect();
      const enter = cluster.embedded ? {} : { enter: () => openContext(client, tenant, "sealed", key) };
      eyes.push({ client, tenant, names, ...enter });
    }
    return await work(eyes);
  } finally {
    for (const client of clients) await client.end();
  }
}
