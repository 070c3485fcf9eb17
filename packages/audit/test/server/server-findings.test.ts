/** What is said of a live server: by its version, corrected by the probes, and by its settings. */
import type { Snapshot } from "@watertight/schema";
import { expect, test } from "vitest";
import type { ProbeResult } from "../../src/server/probe.ts";
import { replayedServerNote, serverFindings } from "../../src/server/server-findings.ts";

const server = (version: number, serverSettings: Record<string, string> = {}): Snapshot =>
  ({
    version,
    serverVersion: `${Math.floor(version / 10000)}.${version % 10000}`,
    serverSettings,
  }) as unknown as Snapshot;
const probe = (cve: string, verdict: ProbeResult["verdict"]): ProbeResult => ({
  cve,
  title: "…",
  verdict,
  evidence: "seen",
});
const said = (snapshot: Snapshot, probes: ProbeResult[] = []): string[] =>
  serverFindings(snapshot, probes).map(({ id, verdict, severity }) => `${severity} ${verdict} ${id}`);

test("a fixed minor has no finding", () => expect(said(server(150020))).toEqual([]));

test("an unfixed minor has one for each CVE", () => {
  expect(said(server(150019))).toContain("medium UNVERIFIED CVE-2026-116311-server");
  expect(said(server(150019))).not.toContain("medium UNVERIFIED CVE-2026-14666-server");
});

test("a probe that leaks turns it into a leak, one that holds removes it, one that can't tell changes nothing", () => {
  const cve = "CVE-2026-120154";
  expect(said(server(180004), [probe(cve, "vulnerable")])).toContain(`high LEAK ${cve}-server`);
  expect(said(server(180004), [probe(cve, "not vulnerable")]).join()).not.toContain(cve);
  expect(said(server(180004), [probe(cve, "could not tell")])).toContain(`medium UNVERIFIED ${cve}-server`);
});

test("a probe outweighs a version that says it is fixed", () =>
  expect(said(server(150020), [probe("CVE-2026-120154", "vulnerable")])).toEqual(["high LEAK CVE-2026-120154-server"]));

test("settings by which tenants are heard of", () => {
  expect(
    said(server(150020, { log_statement: "all", max_prepared_transactions: "5", log_min_duration_statement: "-1" })),
  ).toEqual(["low UNVERIFIED G8-server.log_statement", "low UNVERIFIED F12-server.max_prepared_transactions"]);
  expect(
    said(server(150020, { log_statement: "ddl", max_prepared_transactions: "0", log_min_duration_statement: "250" })),
  ).toEqual(["low UNVERIFIED G8-server.log_min_duration_statement"]);
});

test("of a replay's server nothing is said but where to ask", () =>
  expect(replayedServerNote("18.4")).toContain("--db"));
