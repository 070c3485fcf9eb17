/**
 * Policies as people write them, and what each lets through: rule, severity, command and side, state of the session, and what has to hold beside.
 * "-" is silence. %t is the table.
 */

/** Policies of one table and the leaks found in them. */
export interface PolicyCase {
  readonly policies: readonly string[];
  readonly found: readonly string[];
}

const one = (policy: string, ...found: string[]): PolicyCase => ({ policies: [policy], found });
const several = (policies: readonly string[], ...found: string[]): PolicyCase => ({ policies, found });

/** Every case. */
export const policyCases: readonly PolicyCase[] = [
  one("using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid)", "-"),
  one("using (tenant_id = current_setting('app.tenant_id')::uuid)", "-"),
  one("using (tenant_id::text = current_setting('app.tenant_id', true))", "-"),
  one("using (tenant_id = public.tenant())", "-"),
  one("using (public.tenant() = tenant_id)", "-"),
  one("using (not (tenant_id <> public.tenant()))", "-"),
  one(
    "using (user_id = (select auth.uid()))",
    "B8 medium insert.check open: t.user_id = auth.uid()",
    "B6 medium update.check open: t.user_id = auth.uid()",
  ),
  one("for select using (user_id = (select auth.uid()))", "-"),
  one("for select using (public.is_member(tenant_id))", "-"),
  one(
    "for select using (public.is_any_member(tenant_id))",
    "B10 critical select.using open: m.tenant_id = m.tenant_id and m.user_id = auth.uid()",
  ),
  one("for select using (tenant_id in (select public.my_tenants()))", "-"),
  one("for select using (tenant_id = any (public.my_tenant_list()))", "-"),
  one("for select using (tenant_id in (select t from public.my_tenants() t))", "-"),
  one("for select using (tenant_id = any (array(select public.my_tenants())))", "-"),
  one("for select using (public.has_role(tenant_id, 'admin'))", "-"),
  one(
    "for select using (tenant_id in (select m.tenant_id from public.memberships m where m.user_id = (select auth.uid())))",
    "-",
  ),
  one(
    "for select using (exists (select 1 from public.memberships m where m.tenant_id = %t.tenant_id and m.user_id = auth.uid()))",
    "-",
  ),
  one(
    "for select using (exists (select 1 from public.memberships m where m.tenant_id = tenant_id and m.user_id = auth.uid()))",
    "B10 critical select.using open: m.tenant_id = m.tenant_id and m.user_id = auth.uid()",
  ),
  one(
    "for select using (exists (select 1 from public.memberships m where m.user_id = auth.uid() and m.role = 'admin'))",
    "B13 critical select.using open: m.user_id = auth.uid() and m.role = 'admin'",
  ),
  one("for select using (exists (select 1 from public.memberships m where m.tenant_id = %t.tenant_id))", "-"),
  one(
    "for select using (exists (select 1 from public.users u where u.id = auth.uid() and u.is_admin))",
    "B13 low select.using open: u.id = auth.uid() and u.is_admin",
  ),
  one(
    "for select using ((select count(*) from public.memberships m where m.tenant_id = %t.tenant_id and m.user_id = auth.uid()) > 0)",
    "-",
  ),
  one(
    "for select using ((select m.role from public.memberships m where m.tenant_id = %t.tenant_id and m.user_id = auth.uid()) = 'admin')",
    "-",
  ),
  one(
    "for select using (auth.uid() in (select m.user_id from public.memberships m where m.tenant_id = %t.tenant_id))",
    "-",
  ),
  one("for select using (tenant_id = (auth.jwt() -> 'app_metadata' ->> 'tenant_id')::uuid)", "-"),
  one(
    "for select using (tenant_id = (auth.jwt() -> 'user_metadata' ->> 'tenant_id')::uuid)",
    "B12 critical select.using open: t.tenant_id = ((auth.jwt() -> 'user_metadata') ->> 'tenant_id')::uuid",
  ),
  one("for select using (tenant_id = (current_setting('request.jwt.claims', true)::jsonb ->> 'tenant_id')::uuid)", "-"),
  one(
    "for select using (tenant_id = (current_setting('request.headers', true)::jsonb ->> 'x-tenant-id')::uuid)",
    "B12 critical select.using open: t.tenant_id = (current_setting('request.headers', true)::jsonb ->> 'x-tenant-id')::uuid",
  ),
  one("for select using (true)", "B2 critical select.using open: nothing else is asked"),
  one("for select using (1 = 1)", "B2 critical select.using open: nothing else is asked"),
  one("for select using (public.always())", "B2 critical select.using open: nothing else is asked"),
  one("for select using (public.opaque(tenant_id))", "-"),
  one("for select using (id is not null)", "B2 critical select.using open: nothing else is asked"),
  one("for select using (tenant_id = tenant_id)", "B2 critical select.using open: t.tenant_id = t.tenant_id"),
  one("for select using (tenant_id = public.tenant() or true)", "B2 critical select.using open: nothing else is asked"),
  one(
    "for select using (tenant_id = public.tenant() or id is not null)",
    "B2 critical select.using open: nothing else is asked",
  ),
  one("for select using (tenant_id = public.tenant() or kind is null)", "B2 high select.using open: t.kind is null"),
  one(
    "for select using (tenant_id = public.tenant() or status = 'x' or not status = 'x')",
    "B2 critical select.using open: nothing else is asked",
  ),
  one(
    "for select using (tenant_id = public.tenant() or tenant_id <> public.tenant())",
    "B2 critical select.using open: t.tenant_id <> public.tenant()",
  ),
  one(
    "for select using (auth.role() = 'authenticated')",
    "B13 critical select.using open: auth.role() = 'authenticated'",
  ),
  one("for select using (auth.uid() is not null)", "B13 critical select.using open: nothing else is asked"),
  one("for select using (tenant_id = public.tenant() or is_public)", "B21 low select.using open: t.is_public"),
  one(
    "for select using (tenant_id = public.tenant() or status = 'published')",
    "B21 low select.using open: t.status = 'published'",
  ),
  one("for select using (is_public)", "B21 low select.using open: t.is_public"),
  one(
    "for select using (public.tenant() is null or tenant_id = public.tenant())",
    "B3 critical select.using unset: nothing else is asked",
    "B3 critical select.using empty: nothing else is asked",
  ),
  one(
    "for select using (current_setting('app.tenant_id', true) is null or tenant_id = public.tenant())",
    "B3 critical select.using unset: nothing else is asked",
  ),
  one(
    "for select using (current_setting('app.tenant_id', true) = '' or tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)",
    "B3 critical select.using empty: nothing else is asked",
  ),
  one(
    "for select using (tenant_id = coalesce(public.tenant(), tenant_id))",
    "B3 critical select.using unset: t.tenant_id = coalesce(public.tenant(), t.tenant_id)",
    "B3 critical select.using empty: t.tenant_id = coalesce(public.tenant(), t.tenant_id)",
  ),
  one("for select using (tenant_id is not distinct from public.tenant())", "-"),
  one(
    "for select using (tenant_id = coalesce(public.tenant(), 'bbbbbbbb-0000-4000-8000-00000000000b'))",
    "B3 medium select.using unset: t.tenant_id = coalesce(public.tenant(), 'bbbbbbbb-0000-4000-8000-00000000000b')",
    "B3 medium select.using empty: t.tenant_id = coalesce(public.tenant(), 'bbbbbbbb-0000-4000-8000-00000000000b')",
  ),
  one(
    "for select using (current_setting('app.bypass_rls', true) = 'on' or tenant_id = public.tenant())",
    "B4 high select.using open: current_setting('app.bypass_rls', true) = 'on'",
  ),
  one(
    "for select using (current_setting('app.bypass_rls', true)::boolean or tenant_id = public.tenant())",
    "B4 high select.using open: current_setting('app.bypass_rls', true)::boolean",
  ),
  one(
    "for select using (coalesce(current_setting('app.bypass_rls', true), 'off') = 'on' or tenant_id = public.tenant())",
    "B4 high select.using open: coalesce(current_setting('app.bypass_rls', true), 'off') = 'on'",
  ),
  one(
    "for select using (case when current_setting('app.bypass_rls', true) = 'on' then true else tenant_id = public.tenant() end)",
    "B4 high select.using open: current_setting('app.bypass_rls', true) = 'on'",
  ),
  one(
    "for select using (case when is_public then true else tenant_id = public.tenant() end)",
    "B21 low select.using open: t.is_public",
  ),
  one(
    "for select using (tenant_id = public.tenant() or tenant_id = 'bbbbbbbb-0000-4000-8000-00000000000b')",
    "B23 high select.using open: t.tenant_id = 'bbbbbbbb-0000-4000-8000-00000000000b'",
  ),
  one(
    "for select using (tenant_id = 'bbbbbbbb-0000-4000-8000-00000000000b')",
    "B23 high select.using open: t.tenant_id = 'bbbbbbbb-0000-4000-8000-00000000000b'",
  ),
  one(
    "for select using (tenant_id::text like current_setting('app.tenant_id', true) || '%')",
    "B14 medium select.using open: t.tenant_id::text like (current_setting('app.tenant_id', true) || '%')",
  ),
  one(
    "for select using (tenant_id::text ~ current_setting('app.tenant_id', true))",
    "B14 medium select.using open: t.tenant_id::text ~ current_setting('app.tenant_id', true)",
  ),
  one("for select using (lower(tenant_id::text) = lower(current_setting('app.tenant_id', true)))", "-"),
  one(
    "for select using (left(tenant_id::text, 8) = left(current_setting('app.tenant_id', true), 8))",
    "B14 high select.using open: left(t.tenant_id::text, 8) = left(current_setting('app.tenant_id', true), 8)",
  ),
  one("for select using (tenant_id >= public.tenant())", "B14 high select.using open: t.tenant_id >= public.tenant()"),
  one("for select using (tenant_id::text = any (string_to_array(current_setting('app.tenant_id', true), ',')))", "-"),
  one("for select using (tenant_id = any (string_to_array(current_setting('app.tenant_id', true), ',')::uuid[]))", "-"),
  one(
    "for select using (tenant_id::text::char(4) = current_setting('app.tenant_id', true)::char(4))",
    "B14 high select.using open: t.tenant_id::text::bpchar(4) = current_setting('app.tenant_id', true)::bpchar(4)",
  ),
  one("for select using (tenant_id = public.tenant() and status <> 'deleted')", "-"),
  one(
    "for select using ((tenant_id = public.tenant()) is not false)",
    "B3 critical select.using unset: nothing else is asked",
    "B3 critical select.using empty: nothing else is asked",
  ),
  one("for select using ((tenant_id = public.tenant()) is true)", "-"),
  one("for select using (current_user = 'shop_app')", "B13 critical select.using open: nothing else is asked"),
  one("for select using (current_user = 'postgres')", "-"),
  one("for select using (tenant_id::text = current_user)", "-"),
  one("for select using (pg_has_role(current_user, 'shop_owner', 'member'))", "-"),
  one(
    "using (tenant_id = public.tenant()) with check (true)",
    "B8 high insert.check open: nothing else is asked",
    "B6 high update.check open: nothing else is asked",
  ),
  one("for insert with check (true)", "B8 high insert.check open: nothing else is asked"),
  one("for insert with check (user_id = auth.uid())", "B8 medium insert.check open: t.user_id = auth.uid()"),
  one("for insert with check (tenant_id = public.tenant() or is_public)", "B8 high insert.check open: t.is_public"),
  several(
    ["using (tenant_id = public.tenant())", "for select using (true)"],
    "B1 critical select.using open: nothing else is asked",
  ),
  several(
    ["using (tenant_id = public.tenant())", "for select using (is_public)"],
    "B21 low select.using open: t.is_public",
  ),
  several(["using (true)", "as restrictive using (tenant_id = public.tenant())"], "-"),
  several(["using (true)", "as restrictive for select using (tenant_id = public.tenant())"], "-"),
  several(
    ["for select using (tenant_id = public.tenant())", "for update using (true)", "for delete using (true)"],
    "B7 critical update.using open: nothing else is asked",
    "B7 critical delete.using open: nothing else is asked",
  ),
  several(
    [
      "for select using (tenant_id = public.tenant())",
      "for update using (tenant_id = public.tenant()) with check (true)",
    ],
    "B6 high update.check open: nothing else is asked",
  ),
];
