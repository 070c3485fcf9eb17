/** Cases from real projects: lists of members, keys on names by which people sign in, policies that fail before they leak. */
import type { RuleCase } from "./case.ts";

const me = "(select nullif(current_setting('app.user_id', true), ''))::uuid";
const people = (columns: string): string => `
  create table public.profiles (id uuid primary key, name text, ${columns});
  alter table public.profiles enable row level security;
  alter table public.profiles force row level security;
  create policy own on public.profiles for update using (id = ${me});
  create policy listed on public.profiles for select using (true);`;
const moving = `
  drop policy own on public.reminders;
  create policy seen on public.reminders for select using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
  create policy mine on public.reminders for update
    using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid and note = (select s.note from public.secrets s)) with check (note = 'done');`;
const one = (name: string, of: readonly string[], sql: string, found: readonly string[]): RuleCase => ({
  name,
  sql,
  of,
  found,
});

/** On top of the sound shop. */
export const casesPeople: readonly RuleCase[] = [
  one(
    "B21: a list of members",
    ["B2", "B21"],
    `${people("avatar_url text")} grant select on public.profiles to shop_app;`,
    ["B21-profiles.listed medium"],
  ),
  one(
    "B2: a list of addresses",
    ["B2", "B21"],
    `${people("email text")} grant select on public.profiles to shop_app;`,
    ["B2-profiles.listed critical"],
  ),
  one(
    "B21: addresses that the application may not read",
    ["B2", "B21"],
    `${people("email text")} grant select (id, name) on public.profiles to shop_app;`,
    ["B21-profiles.listed medium"],
  ),
  one(
    "B1: everything of a tenant is no list of members",
    ["B1", "B2", "B21"],
    "create policy listed on public.invoices for select using (true);",
    ["B1-invoices.listed critical"],
  ),
  one(
    "E5: the e-mail of a person, of a person in a tenant, and another word of a tenant",
    ["E5"],
    `create table public.users (tenant_id uuid not null references public.tenants, id uuid not null, email text unique, nickname_color text unique, primary key (tenant_id, id));
      create table public.user_emails (user_id uuid not null, email text unique, primary key (user_id, email));
      alter table public.users enable row level security; alter table public.user_emails enable row level security;
      alter table public.users force row level security; alter table public.user_emails force row level security;
      create policy own on public.users using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
      create policy own on public.user_emails using (user_id = ${me});
      grant select, insert, update, delete on public.users, public.user_emails to shop_app;`,
    ["E5-user_emails_email_key medium", "E5-users_email_key medium", "E5-users_nickname_color_key high"],
  ),
  one(
    "B6: a policy that can't be asked: every UPDATE fails today",
    ["B6", "B20"],
    `create table public.secrets (note text); ${moving}`,
    ["B20-reminders.mine low", "B6-reminders.mine medium"],
  ),
  one(
    "B6: the same, and the table may be read",
    ["B6", "B20"],
    `create table public.secrets (note text); grant select on public.secrets to shop_app; ${moving}`,
    ["B6-reminders.mine high"],
  ),
];
