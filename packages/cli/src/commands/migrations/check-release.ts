/**
 * Judges a release before it is one: a throw-away server, a place as provisioning makes it of these files, and the rules of `watertight check` over its
 * catalog. Must never let a release through that could not be judged.
 */
import { exitCodeOf, openFindings } from "@watertight/audit";
import { checkLive } from "@watertight/audit/live";
import type * as Control from "@watertight/control";
import type { Client } from "pg";
import { startLocalServer } from "../up/local-server.ts";
import type { Request } from "../check/request.ts";

const stops: readonly string[] = ["critical", "high"];

/** Nothing in it belongs to a tenant: a release that nothing was said about is not let through by that. */
const unjudged: Control.ReleaseFinding = {
  id: "no-tenant-table",
  severity: "high",
  target: "the release",
  message:
    "No table has a tenant column. Name it (tenant.column) or say which tables are shared (global) in watertight.config.ts.",
  file: null,
  line: null,
};

/** The judge, for a project. */
export function placeCheck(control: typeof Control, request: Request): Control.CheckRelease {
  return async (files) => {
    const server = await startLocalServer();
    const release = { id: "", files };
    const judge = async (
      database: string,
      make: (client: Client) => Promise<void>,
      mayBeShared: boolean,
    ): Promise<readonly Control.ReleaseFinding[]> => {
      await server.asAdmin((client) => client.query(`create database ${database} template template0`));
      const { report } = await server.asAdmin(async (client) => {
        await make(client);
        return checkLive({ ...request, db: client });
      }, database);
      // of the throw-away server itself: the cells run others
      const here = { ...report, findings: report.findings.filter(({ object }) => object.kind !== "server") };
      const judged = exitCodeOf(here, "high", false);
      if (judged === 0) return [];
      if (judged === 3 && report.tables.length > 0 && !mayBeShared) return [unjudged];
      return openFindings(here)
        .filter(({ severity }) => stops.includes(severity))
        .map(({ id, severity, message, object }) => ({
          id,
          severity,
          message,
          target: [object.schema, object.name].filter(Boolean).join("."),
          ...made(files, object.name),
        }));
    };
    try {
      const found = [
        ...(await judge("place", (client) => control.makeSamplePlace(client, release), false)),
        // what a later file takes away stays away in places that are there already
        ...(await judge("brought", (client) => control.bringSamplePlace(client, release), false)),
      ];
      // a tenant's own tables need no tenant column: the schema or the database is the tenant's
      if (files.some(({ scopes }) => scopes.includes("pool") !== scopes.includes("tenant")))
        found.push(
          ...(await judge("own", (client) => control.bringSamplePlace(client, release, { scope: "tenant" }), true)),
        );
      const seen = new Set<string>();
      return found.filter(({ id, target }) => !seen.has(`${id} ${target}`) && seen.add(`${id} ${target}`));
    } finally {
      await server.stop();
    }
  };
}

/** Where the files make a thing of that name: a live database has no lines. */
function made(
  files: readonly Control.ReleaseFile[],
  name: string | undefined,
): { readonly file: string | null; readonly line: number | null } {
  for (const { steps } of files)
    for (const step of steps)
      for (const { creates, file, line } of step.kind === "alone" ? [step.statement] : step.statements)
        if (creates !== "" && creates === name) return { file, line };
  return { file: null, line: null };
}
