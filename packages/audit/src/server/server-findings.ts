/**
 * What is found about a server itself: CVEs by its version and by the probes, and settings through which tenants are heard of. Only of a live server: the
 * embedded one that replays migrations says nothing about the user's.
 */
import { type ServerCve, type Snapshot, unfixedCves } from "@watertight/schema";
import type { RuleFinding, Severity, Verdict } from "../rules/rule.ts";
import { logsValues } from "../rules/G8-logged-values/logs-values.ts";
import type { ProbeResult } from "./probe.ts";

/** A finding about the server, ready for the report. */
export interface ServerFinding extends RuleFinding {
  readonly id: string;
  /** The CVE, or a vector of the catalogue. */
  readonly vector: string;
  readonly title: string;
  readonly verdict: Verdict;
}

/** What the report says of the version when migrations were replayed. */
export function replayedServerNote(serverVersion: string): string {
  return `PostgreSQL ${serverVersion} is the throw-away server of this check. Which CVEs your own server has fixed, and what it logs, is checked with --db.`;
}

/**
 * The findings of a live server.
 * @param probes results of probeServer; empty when it was not asked
 */
export function serverFindings(snapshot: Snapshot, probes: readonly ProbeResult[]): ServerFinding[] {
  const unfixed = unfixedCves(snapshot.version);
  const probed = new Map(probes.map((result) => [result.cve, result]));
  const byBehaviour = probes.filter(
    ({ cve, verdict }) => verdict === "vulnerable" && !unfixed.some(({ id }) => id === cve),
  );
  return [
    ...unfixed.flatMap((cve) => cveFinding(snapshot, cve, probed.get(cve.id)) ?? []),
    // fixed by its version and not by what it does: a build of somebody's own
    ...byBehaviour.flatMap(
      (result) => cveFinding(snapshot, { id: result.cve, effect: result.title, fixed: {} }, result) ?? [],
    ),
    ...settingFindings(snapshot),
  ];
}

function cveFinding(
  { version, serverVersion }: Snapshot,
  cve: ServerCve,
  probe: ProbeResult | undefined,
): ServerFinding | null {
  // the behaviour is worth more than a number that nobody confirmed
  if (probe?.verdict === "not vulnerable") return null;
  const shown = probe?.verdict === "vulnerable";
  const minor = cve.fixed[Math.floor(version / 10000)];
  return {
    id: `${cve.id}-server`,
    vector: cve.id,
    title: "Server without the fix of a CVE",
    verdict: shown ? "LEAK" : "UNVERIFIED",
    severity: shown ? "high" : "medium",
    object: { kind: "server", schema: "", name: "server", part: cve.id },
    message: `PostgreSQL ${serverVersion}: ${cve.effect}${shown ? ", shown by a probe" : ""}.`,
    evidence: [
      minor === undefined
        ? "no minor of this version is known to fix it"
        : `fixed in ${Math.floor(version / 10000)}.${minor}`,
      ...(probe === undefined ? [] : [`probe: ${probe.verdict}: ${probe.evidence}`]),
    ],
    fix: "Update to the newest minor of this version.",
    attackable: false,
  };
}

function settingFindings({ serverSettings }: Snapshot): ServerFinding[] {
  const logged = Object.entries(serverSettings).filter(([name, value]) => logsValues(name, value));
  const prepared = Number(serverSettings["max_prepared_transactions"] ?? 0);
  const found: ServerFinding[] = logged.map(([name, value]) => ({
    ...base("G8", name, "low"),
    title: "Statements and their values go to the log",
    message: `${name} = ${value} writes the statements of all tenants, with their values, into the server log.`,
    evidence: [`${name} = ${value}`, `log_parameter_max_length = ${serverSettings["log_parameter_max_length"] ?? "?"}`],
    fix: "alter system set log_parameter_max_length = 0; -- and send values as bind parameters",
  }));
  if (prepared > 0)
    found.push({
      ...base("F12", "max_prepared_transactions", "low"),
      title: "Prepared transactions are possible",
      message: "A prepared transaction keeps its locks without a session, and its name is visible to every role.",
      evidence: [`max_prepared_transactions = ${prepared}`],
      fix: "alter system set max_prepared_transactions = 0; -- and restart",
    });
  return found;
}

function base(
  vector: string,
  setting: string,
  severity: Severity,
): Pick<ServerFinding, "id" | "vector" | "verdict" | "severity" | "object" | "attackable"> {
  return {
    id: `${vector}-server.${setting}`,
    vector,
    verdict: "UNVERIFIED",
    severity,
    object: { kind: "server", schema: "", name: "server", part: setting },
    attackable: false,
  };
}
