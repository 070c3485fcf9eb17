// A style's SQL on a real server, read back as a snapshot in which roles have the names of the file.
import { readFile } from "node:fs/promises";
import { readSnapshot, type Snapshot } from "@watertight/schema";
import type { TestServer } from "@watertight/testkit";
import { fixtureDatabase, runFixture } from "../support/fixture-database.ts";
import { fixtureStatements } from "../support/fixture-sql.ts";

const read = (name: string): Promise<string> => readFile(new URL(`styles/${name}.sql`, import.meta.url), "utf8");

/** Runs the files one after the other in a new database and reads the catalog. */
export async function styleSnapshot(server: TestServer, files: readonly string[]): Promise<Snapshot> {
  const sql = (await Promise.all(files.map(read))).join("\n");
  const fixture = await fixtureDatabase(server, sql);
  try {
    await runFixture(fixture, await fixtureStatements(sql));
    const text = fixture.restore(JSON.stringify(await readSnapshot(fixture.database.admin)));
    const snapshot = JSON.parse(text) as Snapshot;
    return { ...snapshot, roles: snapshot.roles.filter((role) => fixture.owns(role.name)) };
  } finally {
    await fixture.drop();
  }
}
