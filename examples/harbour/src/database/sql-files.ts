// Harbour's own SQL files, with the psql variables :"role" and :'password' filled in.
import { readFile } from "node:fs/promises";
import pg from "pg";

export async function sqlFile(name: string): Promise<string> {
  return readFile(new URL(`../../sql/${name}`, import.meta.url), "utf8");
}

/** Fills :"name" with a quoted identifier and :'name' with a quoted literal. Throws on a variable that was not given. */
export function fill(sql: string, variables: Readonly<Record<string, string>>): string {
  return sql.replaceAll(/:(["'])(\w+)\1/g, (_, quote: string, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`no value for the SQL variable ${name}`);
    return quote === '"' ? pg.escapeIdentifier(value) : pg.escapeLiteral(value);
  });
}
