/** Side channels: what is told without a row being shown. Closed ones bite; open ones say why, and must still be open. */
import { anyWorked, type HostileClass } from "../hostile-class.ts";

const numbers = (rows: readonly unknown[] | undefined): string => JSON.stringify(rows ?? []);
const delta = (first: readonly unknown[] | undefined, second: readonly unknown[] | undefined): number =>
  Number((second?.[0] as { n?: string } | undefined)?.n) - Number((first?.[0] as { n?: string } | undefined)?.n);
const reads =
  "select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) as n from pg_catalog.pg_stat_xact_all_tables where relname = 'tasks'";

export const channelClasses: readonly HostileClass[] = [
  {
    id: "unique-tells",
    vectors: ["E5"],
    attack: (w) => [
      `insert into app.projects (tenant_id, id, name, secret) values ('${w.a}', '${w.bProject}', 'x', 'x')`,
      { sql: "rollback", alone: true },
    ],
    harm: (trial) => trial.attack[0]?.code === "23505",
    biteWith: "unique without tenant",
  },
  {
    id: "foreign-key-tells",
    vectors: ["E1"],
    attack: (w) => [
      `insert into app.comments (task_id, body) values ('${w.bTask}', 'x')`,
      "insert into app.comments (task_id, body) values (gen_random_uuid(), 'x')",
      `insert into app.tasks (tenant_id, project_id, title) values ('${w.a}', '${w.bProject.replace(/1$/, "2")}', 'x')`,
      `insert into app.tasks (tenant_id, project_id, title) values ('${w.a}', gen_random_uuid(), 'x')`,
      { sql: "rollback", alone: true },
    ],
    harm: (trial) => trial.attack[0]?.code !== trial.attack[1]?.code || trial.attack[2]?.code !== trial.attack[3]?.code,
    biteWith: "policy dropped",
  },
  {
    id: "statistics",
    vectors: ["G6"],
    attack: () => [
      "select * from pg_catalog.pg_stats where schemaname = 'app'",
      "select * from pg_catalog.pg_stats_ext",
      "select * from pg_catalog.pg_stats_ext_exprs",
      "select * from pg_catalog.pg_statistic_ext_data",
    ],
    biteWith: "row security off",
  },
  {
    id: "leaky-functions",
    vectors: ["D12", "E9", "B18"],
    attack: (w) => [
      `select * from projects where tenant_id = '${w.b}' and secret::int = 1`,
      `select * from projects where tenant_id = '${w.b}' and (('x' || secret)::xml is document)`,
      `select * from projects where id = '${w.bProject}' and name::jsonb is not null`,
      `select * from projects where 1 / (case when tenant_id = '${w.b}' then 0 else 1 end) = 1 and secret::uuid is not null`,
    ],
    biteWith: "row security off",
  },
  {
    id: "probe-answer",
    vectors: ["F10", "G3"],
    attack: (w) => [
      `select watertight.report_probe('${w.aToken}', 'app.projects', '{"id": "${w.bProject}"}')`,
      `select watertight.report_probe('${w.aToken}', 'app.projects', '{"id": "00000000-0000-4000-8000-000000000000"}')`,
      `select watertight.report_probe('${w.aToken}', 'watertight.key', '{"kid": "x"}')`,
      `select watertight.report_probe('${w.aToken}', 'pg_authid; drop table x', '{"id; drop": "''"}')`,
    ],
    harm: (trial) => new Set(trial.attack.slice(0, 3).map((said) => numbers(said.rows) + said.code)).size > 1,
  },
  {
    id: "probe-counters",
    vectors: ["Q5", "G3"],
    attack: (w) => [
      reads,
      `select watertight.report_probe('${w.aToken}', 'app.tasks', '{"id": "${w.bTask}"}')`,
      reads,
      `select watertight.report_probe('${w.aToken}', 'app.tasks', '{"id": "00000000-0000-4000-8000-000000000000"}')`,
      reads,
    ],
    harm: (trial) =>
      delta(trial.attack[0]?.rows, trial.attack[2]?.rows) !== delta(trial.attack[2]?.rows, trial.attack[4]?.rows),
    open: "table counters are public: with SQL and a token of one's own, a probe's reads show whether the id exists anywhere (G3)",
  },
  {
    id: "explain-estimate",
    vectors: ["G1"],
    attack: (w) => [
      `explain (format json) select * from app.tasks where project_id = '${w.bProject}'`,
      "explain (analyze, format json) select * from app.tasks",
    ],
    harm: (trial) => anyWorked(trial.attack),
    open: "EXPLAIN needs no right: estimates are made from everybody's rows",
  },
  {
    id: "explain-analyze-counts",
    vectors: ["G2"],
    attack: () => [
      "set local enable_indexscan = off",
      "set local enable_bitmapscan = off",
      "explain (analyze, timing off) select * from app.projects",
    ],
    harm: (trial) => numbers(trial.attack[2]?.rows).includes("Rows Removed by Filter: 3"),
    open: "EXPLAIN ANALYZE counts the rows that the policy removed",
  },
  {
    id: "sizes",
    vectors: ["G3", "G9"],
    attack: () => [
      "select reltuples from pg_catalog.pg_class where relname = 'projects'",
      "select n_live_tup from pg_catalog.pg_stat_user_tables where relname = 'projects'",
      "select pg_relation_size('app.projects')",
      "select datname from pg_catalog.pg_database",
      "select rolname from pg_catalog.pg_roles",
    ],
    harm: (trial) => anyWorked(trial.attack),
    open: "catalog, sizes and counters are public in PostgreSQL",
  },
  {
    id: "lock-table",
    vectors: ["F15"],
    attack: () => ["lock table app.projects in access exclusive mode"],
    harm: (trial) => anyWorked(trial.attack),
    open: "LOCK TABLE comes with UPDATE and DELETE: denial, ended by lock_timeout and idle_in_transaction_session_timeout",
  },
  {
    id: "alter-own-role",
    lasting: true,
    vectors: ["C6", "F15"],
    attack: (w) => [
      `alter role "${w.roles.app}" in database "${w.database}" set statement_timeout = '1ms'`,
      `alter role "${w.roles.app}" password 'mine now'`,
      `drop owned by "${w.roles.app}"`,
      { sql: "rollback", alone: true },
    ],
    harm: (trial) => anyWorked(trial.attack.slice(0, 3)),
    open: "a role may change its own settings and password: persistent denial, visible in `kit status`",
  },
  {
    id: "sleep-and-burn",
    vectors: ["F15"],
    attack: () => ["select pg_sleep(0.001)", "select count(*) from generate_series(1, 1000)"],
    harm: (trial) => anyWorked(trial.attack),
    open: "work cannot be forbidden, only limited: statement_timeout",
  },
];
