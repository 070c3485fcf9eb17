// What an intruder has who got hold of the login, or the key, of the own place. Every connection is closed again; what comes back goes to the verdict.
import { openContext } from "@watertight/schema";
import pg from "pg";
import type { BreakIn } from "../intruder/scene.ts";
import type { FleetHarbour } from "./fleet-harbour.ts";
import type { Residence } from "./residence.ts";

export function breakIn(harbour: FleetHarbour, own: Residence, theirs: Residence): BreakIn {
  return {
    apart: own.database !== theirs.database,
    together: own.location === theirs.location,
    misrouted: (work) => harbour.misrouted(own.tenant, theirs.tenant, work),
    withStolenLogin: async (where, statement, contextOf) => {
      const url = new URL(own.url);
      if (where === "theirs") url.pathname = `/${encodeURIComponent(theirs.database)}`;
      const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 10_000 });
      client.on("error", () => {});
      try {
        await client.connect();
      } catch (error) {
        return { login: error };
      }
      try {
        await client.query("begin");
        if (contextOf !== undefined) await openContext(client, contextOf, "sealed", own.key);
        const { rows } = await client.query<Record<string, unknown>>(statement);
        return { rows };
      } catch (error) {
        return { refused: error };
      } finally {
        await client.end();
      }
    },
  };
}
