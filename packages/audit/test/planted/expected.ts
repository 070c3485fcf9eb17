/**
 * What is found in the helpdesk schemas beside the marks of flawed.sql, each with its reason. Must never hold what a rule says without cause: that
 * is mended in the rule.
 */

/** Findings of error level in flawed.sql that no mark names: a marked flaw, seen from another side or with what follows from it. */
export const consequences: Readonly<Record<string, string>> = {
  "A1-tickets_2024": "A12: the copy has no row security",
  "A1-calls_2025": "A15: the detached partition has no row security",
  "A12-calls_2025": "A15: the same table, which was made as a partition",
  "A12-calls_2026": "F4: the partition that is reached directly was made without row security",
  "B2-surveys.everyone": "A13: without the floor that CASCADE took, the open policy stands alone",
  "E1-watchers.watchers_queue_fkey": "E2: the key that cascades has no tenant",
  "E1-rotas.rotas_queue_fkey": "E3: the key that restricts has no tenant",
  "E5-one_at_a_time": "E9: the constraint whose detail shows values spans all tenants",
};

/** Vectors with a rule of which flawed.sql has no flaw. */
export const notPlanted: Readonly<Record<string, string>> = {
  B22: "needs an application with one role for all; A4 and C9 are planted here, which need a second one",
};

/** All that is said of clean.sql, every one of level info. */
export const notes: Readonly<Record<string, string>> = {
  "C8-postgres": "the tenant is a plain setting, which is the design of both files and no slip",
};

/** Where 15 and 18 differ: "id severity" as it is on the one, and on the other. */
export const differences: readonly {
  readonly on15: string | null;
  readonly on18: string | null;
  readonly because: string;
}[] = [
  {
    on15: "A6-helpdesk_app critical",
    on18: "A6-helpdesk_app medium",
    because: "before 16 CREATEROLE grants itself every role that is no superuser, the owner among them",
  },
  {
    on15: "G5-pg_stat_statements low",
    on18: "G5-pg_stat_statements info",
    because: "before 18 the texts of SET keep their values, the tenants among them",
  },
];
