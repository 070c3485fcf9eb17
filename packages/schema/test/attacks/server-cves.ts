/**
 * Holes of the server itself, by CVE: data. Each says what the application must look like for it to matter and how a tenant would use it;
 * whether it leaks is a property of the server's minor, which `kit status` warns about.
 */
import type { World } from "./arena.ts";

export interface ServerCve {
  readonly id: string;
  /** First fixed minor of PostgreSQL 15. */
  readonly fixed15: number;
  /** What the application has done, as superuser. */
  readonly setUp: (w: World) => string;
  /** Statements of A in one transaction, rolled back at the end. */
  readonly attack: (w: World) => readonly string[];
  /** Statements on A's connection before, and what an operator does then. */
  readonly before?: { readonly statements: readonly string[]; readonly operator: (w: World) => string };
}

const app = (w: World): string => `"${w.roles.app}"`;

export const serverCves: readonly ServerCve[] = [
  {
    // The kit's policies are TO PUBLIC for this reason; here the floor names the role. (Rights granted to the role itself stop the command.)
    id: "CVE-2026-116311",
    fixed15: 20,
    setUp: (
      w,
    ) => `alter policy watertight_floor on app.projects to ${app(w)}; revoke all on all tables in schema app from ${app(w)};
      revoke all on all sequences in schema app from ${app(w)}; grant usage on schema app, watertight to public;
      grant select on app.projects to public; grant execute on function watertight.tenant_id() to public`,
    attack: (w) => [`drop owned by ${app(w)}`, "select * from app.projects"],
  },
  {
    id: "CVE-2026-120154",
    fixed15: 20,
    setUp: () => "create unique index cve on app.projects (id)",
    attack: (w) => [
      `insert into app.projects (tenant_id, id, name, secret) values ('${w.a}', '${w.bProject}', 'x', 'x')
         on conflict (id) do update set name = 'x' where projects.secret::int = 1`,
    ],
  },
  {
    id: "CVE-2026-14666",
    fixed15: 19,
    setUp: (w) => `alter role ${app(w)} bypassrls`,
    before: {
      statements: ["prepare stale as select * from app.projects", "execute stale"],
      operator: (w) => `alter role ${app(w)} nobypassrls`,
    },
    attack: () => ["execute stale"],
  },
];

/** Holes that need what the kit forbids, or that nobody reproduced: named, not run. */
export const listedCves: readonly string[] = [
  "CVE-2026-16237 (isolation by views alone)",
  "CVE-2026-116327 (not reproduced)",
];
