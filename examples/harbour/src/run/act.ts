// One act: the honest day of both tenants, then the intruder, against one running Harbour.
import { openContext } from "@watertight/schema";
import { namesIn } from "../database/names.ts";
import { DEMO_PASSWORD } from "../data/generate.ts";
import type { Site } from "../database/site.ts";
import { honestDay } from "../day/honest-day.ts";
import type { DayReport } from "../day/honest-day.ts";
import { attempts } from "../intruder/attempts.ts";
import { logIn, runAttempts } from "../intruder/intruder.ts";
import type { Outcome } from "../intruder/intruder.ts";
import type { Attempt } from "../intruder/scene.ts";
import { witness } from "../intruder/witness.ts";
import type { Eye } from "../intruder/witness.ts";
import type { Harbour } from "../server/serve-harbour.ts";
import type { Cast } from "./cast.ts";

export interface Tokens {
  honest: string;
  intruder: string;
  victim: string;
}

export interface ActReport {
  days: DayReport[];
  outcomes: Outcome[];
  tokens: Tokens;
}

export async function playAct(site: Site, harbour: Harbour, cast: Cast): Promise<ActReport> {
  const tokens = await logInAll(harbour, cast);
  const days = [
    await honestDay(harbour.url, tokens.honest, cast.a.code),
    await honestDay(harbour.url, tokens.victim, cast.b.code),
  ];
  return { days, outcomes: await intrude(site, harbour, cast, tokens, attempts), tokens };
}

export async function logInAll(harbour: Harbour, { a, b }: Cast): Promise<Tokens> {
  const logins = [
    [a, 0],
    [a, 1],
    [b, 0],
  ] as const;
  const [honest, intruder, victim] = await Promise.all(
    logins.map(
      async ([company, member]) =>
        (await logIn(harbour.url, company.slug, company.members[member]!.email, DEMO_PASSWORD)).token,
    ),
  );
  return { honest: honest!, intruder: intruder!, victim: victim! };
}

export async function intrude(
  site: Site,
  harbour: Harbour,
  { a, b, targets }: Cast,
  tokens: Tokens,
  chosen: readonly Attempt[],
): Promise<Outcome[]> {
  const { cluster, database, above, level, key } = site;
  return cluster.connected(database, above === "superuser" ? undefined : cluster.roles.migrator, async (client) => {
    const eye = (tenant: string): Eye => ({
      client,
      tenant,
      names: namesIn(),
      ...(above === "nobody" ? { enter: () => openContext(client, tenant, level, key) } : {}),
    });
    return runAttempts(
      {
        base: harbour.url,
        authority: harbour.authority,
        targets,
        witness: witness(eye(b.id), eye(a.id)),
        intruder: { token: tokens.intruder, userId: a.members[1]!.userId, tenant: a.id, code: a.code },
        victim: { token: tokens.victim, userId: b.members[0]!.userId, tenant: b.id, code: b.code },
        activityOf: (id) => harbour.activityOf(id),
      },
      chosen,
    );
  });
}
