/**
 * The unsound ways to write watertight.open, each as SQL that replaces the shipped function: they show why it is written as it is.
 */
const seal = (tenant: string): string =>
  `perform pg_catalog.set_config('watertight.ctx', watertight.seal_of(${tenant}), true);`;
const head =
  "create or replace function watertight.open(token bytea) returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $f$";
const refuse = "raise exception using errcode = 'WT002', message = 'not served';";

export const unsoundOpens: Readonly<Record<string, string>> = {
  "no lock": `${head}
    declare v_tenant text := watertight.token_tenant(token);
    begin
      if not exists (select from watertight.fence where tenant = v_tenant and state = 'active') then ${refuse} end if;
      ${seal("v_tenant")}
    end $f$`,
  "lock and fence row in one query": `${head}
    declare v_tenant text := watertight.token_tenant(token); v_state text; v_lock text;
    begin
      select pg_advisory_xact_lock_shared(watertight.lock_key(v_tenant)), state into v_lock, v_state from watertight.fence where tenant = v_tenant;
      if v_state <> 'active' then ${refuse} end if;
      ${seal("v_tenant")}
    end $f$`,
  "stable open": "alter function watertight.open(bytea) stable",
  "no epoch check": `${head}
    declare v_tenant text := watertight.token_tenant(token);
    begin
      perform pg_advisory_xact_lock_shared(watertight.lock_key(v_tenant));
      if not exists (select from watertight.fence where tenant = v_tenant and state = 'active') then ${refuse} end if;
      ${seal("v_tenant")}
    end $f$`,
};

/** As the epoch was first raised: in the middle of the mover's transaction. */
export const epochInTheMiddle = `drop trigger raise_epoch on watertight.epoch_seen;
  create or replace function watertight.set_tenant_state(tenant text, state text, goto text default null) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $f$
  declare next bigint;
  begin
    perform pg_advisory_xact_lock(watertight.lock_key(set_tenant_state.tenant));
    perform from watertight.epoch_seen for update;
    next := nextval('watertight.epoch');
    update watertight.epoch_seen set value = next;
    update watertight.fence f set state = set_tenant_state.state, goto = set_tenant_state.goto, epoch = next where f.tenant = set_tenant_state.tenant;
    if not found then raise exception using errcode = 'WT002'; end if;
  end $f$`;
