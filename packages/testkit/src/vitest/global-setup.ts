// Once per test run: starts PostgreSQL 18, in a full run also 15 (or looks at DATABASE_URL's server), and hands their addresses to the workers.
// WATERTIGHT_TEST_VERSIONS=15,18 chooses in a developer's run; CI must not set it.
import { randomBytes } from "node:crypto";
import { fullRun } from "../run/length.ts";
import { dropRun } from "../database/drop-run.ts";
import { describeServerAt } from "../server/attach-server.ts";
import type { EmbeddedVersion } from "../server/binaries.ts";
import { startServer } from "../server/start-server.ts";
import { describeServer, type ServerDescription, type TestServer } from "../server/test-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    watertightRun: { id: string; servers: ServerDescription[] };
  }
}

interface Project {
  provide(name: "watertightRun", value: { id: string; servers: ServerDescription[] }): void;
}

/** Starts the servers; returns the teardown. */
export default async function setup(project: Project): Promise<() => Promise<void>> {
  const id = randomBytes(4).toString("hex");
  const databaseUrl = process.env["DATABASE_URL"];
  if (databaseUrl !== undefined && databaseUrl !== "") {
    const description = await describeServerAt(databaseUrl);
    project.provide("watertightRun", { id, servers: [description] });
    return () => dropRun(description, id);
  }
  const started = await startAll(versions(process.env["WATERTIGHT_TEST_VERSIONS"]));
  project.provide("watertightRun", { id, servers: started.map(describeServer) });
  return async () => {
    await Promise.all(started.map((server) => server.stop()));
  };
}

function versions(limit: string | undefined): EmbeddedVersion[] {
  const all: EmbeddedVersion[] = [18, 15];
  if (limit === undefined || limit === "") return fullRun ? all : [18];
  const wanted = limit.split(",").map(Number);
  return all.filter((version) => wanted.includes(version));
}

// A server that did start must not outlive one that did not.
async function startAll(wanted: EmbeddedVersion[]): Promise<TestServer[]> {
  const results = await Promise.allSettled(wanted.map((version) => startServer({ version })));
  const started = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failure = results.find((result) => result.status === "rejected");
  if (!failure) return started;
  await Promise.all(started.map((server) => server.stop()));
  throw failure.reason;
}
