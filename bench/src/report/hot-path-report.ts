/**
 * The hot-path report for people. Pure.
 */
import type { Extra, Report, Result } from "../hot-path/result.ts";
import { goalTable } from "./goal-table.ts";
import { markdownTable, type Table, terminalTable } from "./text-table.ts";

function resultTable(results: readonly Result[]): Table {
  return {
    heads: [
      "driver",
      "transport",
      "conns",
      "case",
      "variant",
      "p50 us",
      "p95 us",
      "q/s",
      "cpu us",
      "trips",
      "ratio",
      "noise",
      "waited",
      "q/s ratio",
    ],
    rightFrom: 5,
    rows: results.map((it) => [
      it.driver,
      it.transport,
      String(it.connections),
      it.case,
      it.variant,
      it.p50Us.toFixed(1),
      it.p95Us.toFixed(1),
      String(it.qps),
      it.serverCpuUs?.toFixed(1) ?? "-",
      String(it.roundTrips),
      it.ratio.toFixed(2) + (it.unnamed === null ? "" : ` (${it.unnamed.ratio.toFixed(2)})`),
      noiseText(it.noise),
      `${(it.waited * 100).toFixed(0)} %`,
      it.qpsRatio.toFixed(2),
    ]),
  };
}

/** The questions outside the matrix as a table. */
export function extraTable(extras: readonly Extra[]): Table {
  return {
    heads: ["outside the matrix (pg, point, raw, 1 connection, named)", "p50 us", "cpu us", "ratio", "noise"],
    rightFrom: 1,
    rows: extras.map((extra) => [
      `${extra.name}: ${extra.what}`,
      extra.p50Us.toFixed(1),
      extra.serverCpuUs?.toFixed(1) ?? "-",
      extra.ratio.toFixed(2),
      noiseText(extra.noise),
    ]),
  };
}

function noiseText(noise: number | null): string {
  return noise === null ? "?" : `±${(noise * 100).toFixed(0)} %`;
}

function facts(report: Report): string[] {
  const { machine, versions } = report;
  return [
    `${report.date}, ${report.mode} run, ${report.seconds.toFixed(0)} s, commit ${versions.commit ?? "unknown"}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}; load ${machine.load.start} at the start, ${machine.load.end} at the end`,
    `PostgreSQL ${versions.postgres}, Node ${versions.node}, pg ${versions.pg}, postgres.js ${versions["postgres-js"]}, PGlite ${versions.pglite}, Watertight ${versions.watertight}`,
    `${report.data.rows.toLocaleString("en")} rows, ${report.data.tenants} tenants; an empty round trip: ${Object.entries(
      report.roundTripUs,
    )
      .map(([name, us]) => `${name} ${us} us`)
      .join(", ")}`,
  ];
}

const legend =
  "ratio: median latency against unscoped of the same driver, case, transport and connections in the same run; in brackets: against " +
  "unscoped without statement names, for variants that prepare nothing. Of all slices the half counts that waited least for a processor. " +
  "noise: half the quartile distance of the slices' medians, both sides. waited: share of the time that other work on the machine took. " +
  "trips: round trips of a call after first use. cpu: server CPU per call.";

/** For a terminal. */
export function hotPathText(report: Report): string {
  const parts = [...facts(report), "", terminalTable(resultTable(report.results)), legend];
  if (report.extras.length > 0) parts.push("", terminalTable(extraTable(report.extras)));
  return [...parts, "", terminalTable(goalTable(report.goals)), summary(report)].join("\n");
}

/** For bench/results. */
export function hotPathMarkdown(report: Report): string {
  const parts = [
    `# Hot path, PostgreSQL ${report.versions.postgres}`,
    "",
    ...facts(report).map((fact) => `- ${fact}`),
    "",
  ];
  parts.push("## Figures to reach", "", markdownTable(goalTable(report.goals)), "", summary(report), "");
  if (report.extras.length > 0) parts.push("## Outside the matrix", "", markdownTable(extraTable(report.extras)), "");
  return [...parts, "## All results", "", legend, "", markdownTable(resultTable(report.results)), ""].join("\n");
}

/** How many figures were reached, and whether the machine was quiet enough to say so. */
export function summary({ goals, waited }: Pick<Report, "goals" | "waited">): string {
  const met = goals.filter((goal) => goal.met).length;
  const reached = `${met} of ${goals.length} figures reached.`;
  if (waited <= 0.1) return reached;
  return `${reached} The machine was busy: our side waited ${(waited * 100).toFixed(0)} % of the time for a processor. Round trips hold; latency and throughput must be measured again on a quiet machine.`;
}
