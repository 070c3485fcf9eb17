/** What a borrower of a connection can leave for the next one, or find of the one before. */
import { anyWorked, type HostileClass } from "../hostile-class.ts";

const seed = "0.42";

export const leftoverClasses: readonly HostileClass[] = [
  {
    id: "hold-cursor-left-for-the-next",
    vectors: ["C7"],
    attack: () => ["declare mine cursor with hold for select * from projects"],
    meanwhile: () => ["fetch all from mine"],
    biteWith: "no reset",
  },
  {
    id: "hold-cursor-of-the-one-before",
    vectors: ["C7"],
    attack: () => ["select 1"],
    meanwhile: () => ["declare left_open cursor with hold for select * from projects"],
    biteWith: "no reset",
  },
  {
    id: "session-settings-left",
    vectors: ["C1", "C3"],
    attack: (w) => [
      `set x.mark = '${w.canaryA}'`,
      `set application_name = '${w.canaryA}'`,
      `select set_config('x.other', '${w.canaryA}', false)`,
    ],
    meanwhile: () => [
      "select current_setting('x.mark', true), current_setting('x.other', true)",
      "show application_name",
    ],
    biteWith: "no reset",
  },
  {
    id: "session-settings-of-the-one-before",
    vectors: ["C3"],
    attack: () => ["select 1"],
    meanwhile: (w) => [`set x.loot = '${w.canaryB}'`],
    biteWith: "no reset",
  },
  {
    id: "settings-that-break-the-next",
    vectors: ["F15"],
    attack: () => [
      "set row_security = off",
      "set search_path = ''",
      "set client_encoding = 'LATIN1'",
      "set lock_timeout = '1ms'",
    ],
    harm: (trial) => trial.borrower !== "served",
    biteWith: "no reset",
  },
  {
    id: "transaction-defaults-left",
    vectors: ["Q6", "F15"],
    attack: () => ["set default_transaction_read_only = on"],
    harm: (trial) => trial.borrower === "refused",
    open: "a transaction takes its defaults before its first statement can reset them: the next write fails (25006), and the runtime must then drop the connection",
  },
  {
    id: "seal-left-at-session-level",
    vectors: ["C1", "C10"],
    attack: () => ["select set_config('watertight.ctx', current_setting('watertight.ctx'), false)"],
    meanwhile: () => ["commit", "select * from app.projects"],
    biteWith: "seal not checked, no reset",
  },
  {
    id: "listen-left",
    vectors: ["C7", "F10"],
    attack: (w) => [`listen "${w.canaryA}"`],
    meanwhile: () => ["commit", "select pg_listening_channels()"],
    biteWith: "no reset",
  },
  {
    id: "last-sequence-value",
    vectors: ["Q3", "C7"],
    attack: () => ["select 1"],
    meanwhile: () => ["select nextval('ticket')"],
    loot: () => ["select lastval()", "select currval('ticket')"],
    harm: (trial) => anyWorked(trial.loot.slice(0, 2)),
    biteWith: "no reset",
  },
  {
    id: "random-seed-left",
    vectors: ["Q4"],
    attack: () => [`select setseed(${seed})`],
    meanwhile: () => ["select random()"],
    loot: () => [`select setseed(${seed})`, "select random()"],
    harm: (trial) => JSON.stringify(trial.meanwhile.at(-1)?.rows) === JSON.stringify(trial.loot[1]?.rows),
    open: "no reset touches the seed: random() is never a secret; gen_random_uuid() is not seeded",
  },
  {
    id: "prepared-statement-swap",
    vectors: ["C7", "B16"],
    attack: () => [
      "select name, statement from pg_catalog.pg_prepared_statements",
      "select * from pg_catalog.pg_prepared_statement()",
      "deallocate wt_1",
      "prepare wt_1 as select id, name, (select string_agg(secret, ',') from app.projects) || pg_notify('loot', name) as secret from app.projects limit 1",
    ],
    biteWith: "guessable names",
  },
  {
    id: "prepared-open-swap",
    vectors: ["C7", "C10"],
    attack: () => [
      "deallocate wt_0",
      "prepare wt_0(bytea) as select watertight.open($1), set_config('x.loot', concat(current_setting('x.loot', true), ',', encode($1, 'hex')), false)",
    ],
    loot: () => [
      "select current_setting('x.loot', true)",
      "select set_config('watertight.ctx', '', true)",
      "select watertight.open(decode(split_part(current_setting('x.loot', true), ',', 2), 'hex'))",
      "select * from projects",
    ],
    biteWith: "guessable names, no reset",
  },
  {
    id: "prepared-statement-names",
    vectors: ["C7"],
    attack: () => [
      "select name from pg_catalog.pg_prepared_statements",
      "select name from pg_catalog.pg_prepared_statement()",
      "select name from pg_catalog.pg_cursors",
      "select * from pg_catalog.pg_cursor()",
    ],
    harm: (trial) => anyWorked(trial.attack),
    biteWith: "no hardening",
  },
  {
    id: "unnamed-statement-swap",
    vectors: ["C7"],
    attack: () => [
      { sql: 'prepare "" as select 1', multi: true },
      { sql: 'deallocate ""', multi: true },
      { sql: 'declare "" cursor with hold for select 1', multi: true },
      { sql: 'close ""', multi: true },
    ],
    harm: (trial) => anyWorked(trial.attack),
  },
  {
    id: "deallocate-all",
    vectors: ["F15"],
    attack: () => ["deallocate all", "discard plans"],
    harm: (trial) => trial.borrower === "wrong",
  },
  {
    id: "temp-table-shadow",
    vectors: ["C7", "B17"],
    attack: () => [
      "create temp table projects (id uuid, name text, secret text)",
      "insert into pg_temp.projects values (null, 'x', 'planted')",
    ],
    biteWith: "no hardening",
  },
  {
    id: "temp-view-shadow",
    vectors: ["C7", "B17"],
    attack: () => [
      "create function pg_temp.loot(x text) returns text language plpgsql as $f$ begin perform lo_from_bytea(0, convert_to(x, 'UTF8')); return x; end $f$",
      "create temp view projects as select tenant_id, id, name, pg_temp.loot(secret) as secret from app.projects",
    ],
    biteWith: "no hardening",
  },
  {
    id: "temp-copy-of-the-one-before",
    vectors: ["C7"],
    attack: () => ["select 1"],
    meanwhile: () => ["create temp table basket as select * from app.projects"],
    loot: () => ["select * from basket", "select * from pg_temp.basket"],
    biteWith: "no hardening",
  },
  {
    id: "trigger-with-temp-function",
    vectors: ["F3", "C7"],
    attack: () => [
      "create function pg_temp.spy() returns trigger language plpgsql as $f$ begin perform lo_from_bytea(0, convert_to(new.title, 'UTF8')); return new; end $f$",
      "create trigger spy before insert on app.tasks for each row execute function pg_temp.spy()",
    ],
    biteWith: "no hardening, all rights on tables",
  },
  {
    id: "large-objects",
    vectors: ["F7"],
    attack: () => [
      "select lo_create(0)",
      "select lo_from_bytea(0, 'x')",
      "select loid from pg_catalog.pg_largeobject",
      "select lo_open(1, 131072)",
    ],
    meanwhile: (w) => [`select lo_from_bytea(0, '${w.canaryB}')`],
    biteWith: "no hardening",
  },
  {
    id: "notify",
    vectors: ["F10"],
    attack: () => [
      "listen watertight_event",
      "notify watertight_event, '1'",
      "select pg_notify('watertight_event', '2')",
    ],
    harm: (trial) => anyWorked(trial.attack),
    open: "LISTEN and NOTIFY know no privilege: payloads are numbers, and a forged number is only looked up",
  },
  {
    id: "left-in-transaction",
    vectors: ["C7"],
    attack: () => [
      { sql: "commit", alone: true },
      { sql: "begin", alone: true },
      "select 1",
      { sql: "select pg_sleep(0)", alone: true },
    ],
    harm: (trial) => trial.borrower !== "served",
  },
  {
    id: "set-role-left",
    vectors: ["C9"],
    attack: (w) => [
      "set session authorization default",
      `set session authorization "${w.roles.app}"`,
      `set role "${w.roles.app}"`,
      `set role "${w.roles.migrator}"`,
    ],
    loot: () => ["select * from projects"],
    biteWith: "member of a bypass role",
  },
];
