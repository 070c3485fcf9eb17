/**
 * What PUBLIC may do on a fresh PostgreSQL that lets one tenant's injected SQL reach another tenant or stop it, and who still needs it.
 * Each row has an attack in harden.db.test.ts that works before and is refused after.
 */
import type { RoleNames } from "./role-names.ts";

/** One step of hardening. */
export interface HardenTarget {
  readonly step: string;
  /** Leak vectors closed. */
  readonly vectors: readonly string[];
  readonly why: string;
  /** Condition on pg_proc p, for functions of pg_catalog. */
  readonly functions?: string;
  /** Views of pg_catalog. */
  readonly views?: readonly string[];
  /** Roles that keep the right. */
  readonly keep: (roles: RoleNames) => readonly string[];
}

const operators = (roles: RoleNames): readonly string[] => [roles.control, "pg_monitor"];

/** Rights on pg_catalog that only a superuser can revoke. */
export const catalogTargets: readonly HardenTarget[] = [
  {
    step: "advisory locks",
    vectors: ["F11"],
    why: "a tenant's fence is an advisory lock: whoever may take any lock can stop any tenant",
    functions: String.raw`p.proname ~ '^pg_(try_)?advisory_'`,
    // open() and set_tenant_state() run as the owner; migration tools serialise themselves with these locks
    keep: (roles) => [roles.owner, roles.migrator, roles.control],
  },
  {
    step: "lock table",
    vectors: ["F11"],
    why: "pg_locks shows the keys of other tenants' locks",
    functions: "p.proname = 'pg_lock_status'",
    views: ["pg_locks"],
    keep: operators,
  },
  {
    step: "prepared statements",
    vectors: ["C7"],
    why: "a listed statement name can be deallocated and replaced: the next tenant's request then runs the replacement",
    functions: "p.proname = 'pg_prepared_statement'",
    views: ["pg_prepared_statements"],
    keep: () => ["pg_monitor"],
  },
  {
    step: "cursors",
    vectors: ["C7"],
    why: "cursors left open are listed by name",
    functions: "p.proname = 'pg_cursor'",
    views: ["pg_cursors"],
    keep: () => ["pg_monitor"],
  },
  {
    step: "prepared transactions",
    vectors: ["F12"],
    why: "names of prepared transactions are visible to everybody",
    functions: "p.proname = 'pg_prepared_xact'",
    views: ["pg_prepared_xacts"],
    keep: operators,
  },
  {
    step: "activity",
    vectors: ["G4"],
    why: "sessions of the same role see each other's query texts",
    functions: String.raw`p.proname = 'pg_stat_get_activity' or p.proname ~ '^pg_stat_get_backend_'`,
    views: ["pg_stat_activity"],
    keep: operators,
  },
  {
    step: "signals",
    vectors: ["F15"],
    why: "a role may end and cancel its own role's sessions, which serve all tenants",
    functions: "p.proname in ('pg_terminate_backend', 'pg_cancel_backend')",
    keep: (roles) => [roles.control, "pg_signal_backend"],
  },
  {
    step: "large objects",
    vectors: ["F7"],
    why: "large objects belong to the role, that is, to all tenants",
    functions: String.raw`p.proname ~ '^lo_' or p.proname in ('loread', 'lowrite')`,
    keep: (roles) => [roles.owner, roles.migrator],
  },
];
