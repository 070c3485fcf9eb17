/**
 * A random cluster in small: roles in each other, owners, rights of all kinds, as SQL. The same seed gives the same SQL.
 */

/** Names and statements. */
export interface RandomRoles {
  readonly roles: readonly string[];
  readonly schemas: readonly string[];
  readonly sql: readonly string[];
}

/** mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** `tag` keeps the roles apart from those of other tests; `database` gets a random owner. */
export function randomRoles(seed: number, tag: string, version: number, database: string): RandomRoles {
  const random = randomFrom(seed);
  const chance = (probability: number): boolean => random() < probability;
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const modern = version >= 16;
  const roles = Array.from({ length: 12 }, (_, i) => `r${i}_${tag}`);
  const schemas = ["public", "s1", "s2"];
  const grantees = [...roles, ...roles, "public"];
  const sql: string[] = [];

  for (const role of roles)
    sql.push(
      `create role ${role} ${chance(0.5) ? "login" : "nologin"} ${chance(0.75) ? "inherit" : "noinherit"}${chance(0.06) ? " superuser" : ""}${chance(0.12) ? " bypassrls" : ""}${chance(0.12) ? " createrole" : ""}`,
    );
  // a member stands behind its role in the list: no circles
  for (const [i, member] of roles.entries())
    for (const role of roles.slice(0, i)) {
      if (!chance(0.22)) continue;
      const options = modern
        ? [`inherit ${chance(0.6)}`, `set ${chance(0.6)}`, `admin ${chance(0.25)}`].join(", ")
        : "admin option";
      sql.push(`grant ${role} to ${member}${modern || chance(0.25) ? ` with ${options}` : ""}`);
    }
  const predefined = ["pg_read_all_data", "pg_write_all_data", "pg_monitor", ...(version >= 17 ? ["pg_maintain"] : [])];
  for (const role of predefined) if (chance(0.6)) sql.push(`grant ${role} to ${pick(roles)}`);

  sql.push(`alter database ${database} owner to ${pick(roles)}`);
  if (chance(0.5))
    sql.push(
      `revoke temporary on database ${database} from public`,
      `grant temporary on database ${database} to ${pick(roles)}`,
    );
  for (const schema of schemas.slice(1)) sql.push(`create schema ${schema} authorization ${pick(roles)}`);
  sql.push("revoke usage on schema public from public");
  for (let i = 0; i < 8; i++)
    sql.push(`grant ${pick(["usage", "usage", "usage, create"])} on schema ${pick(schemas)} to ${pick(grantees)}`);

  const kinds = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
    ...(version >= 17 ? ["MAINTAIN"] : []),
  ];
  for (let i = 0; i < 6; i++) {
    const table = `${pick(schemas)}.t${i}`;
    const owner = pick(roles);
    sql.push(
      `create table ${table} (a int, b int)`,
      `alter table ${table} owner to ${owner}`,
      `alter table ${table} enable row level security`,
    );
    if (chance(0.4)) sql.push(`alter table ${table} force row level security`);
    for (let j = 0; j < 4; j++) sql.push(`grant ${pick(kinds)}, ${pick(kinds)} on ${table} to ${pick(grantees)}`);
    for (let j = 0; j < 2; j++)
      sql.push(
        `grant ${pick(["select", "insert", "update", "references"])} (${pick(["a", "b"])}) on ${table} to ${pick(grantees)}`,
      );
    // an owner can lose rights as well
    if (chance(0.3)) sql.push(`revoke ${pick(kinds)} on ${table} from ${owner}`);
    if (chance(0.3)) sql.push(`create view ${pick(schemas)}.v${i} as select * from ${table}`);
  }
  for (let i = 0; i < 3; i++) {
    const sequence = `${pick(schemas)}.q${i}`;
    sql.push(`create sequence ${sequence} owned by none`, `alter sequence ${sequence} owner to ${pick(roles)}`);
    sql.push(`grant ${pick(["usage", "select", "update"])} on sequence ${sequence} to ${pick(grantees)}`);
    const routine = `${pick(schemas)}.f${i}(int)`;
    sql.push(
      `create function ${routine} returns int language sql return 1`,
      `alter function ${routine} owner to ${pick(roles)}`,
    );
    if (chance(0.7)) sql.push(`revoke execute on function ${routine} from public`);
    sql.push(`grant execute on function ${routine} to ${pick(roles)}`);
  }
  return { roles, schemas, sql };
}
