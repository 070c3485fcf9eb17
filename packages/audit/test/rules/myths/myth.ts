/**
 * A thing that people believe of row security and that is not so. Each is a schema that some linters flag: here the rules must stay silent, and an
 * experiment shows that they are right to.
 */
import type { RuleAttack } from "../attacks/attack.ts";

/** One myth. */
export interface Myth {
  /** The belief, as people say it. */
  readonly belief: string;
  /** The schema: {@link shop} and more. */
  readonly sql: string;
  /** Vectors that must say nothing at all. No rule may say anything of error level. */
  readonly silent: readonly string[];
  /** The attack that the belief promises; it must not leak. */
  readonly attack: Omit<RuleAttack, "rule" | "leaksOn">;
}

const context = "(select nullif(current_setting('app.tenant_id', true), ''))::uuid";

/** A sound schema: owner apart, FORCE, one policy a table. `policyFor` is the role list of the policies, `force` whether FORCE is on. */
export function shop({ policyFor = "public", force = true }: { policyFor?: string; force?: boolean } = {}): string {
  const table = (name: string, columns: string, tenant: string): string => `
    create table public.${name} (${columns});
    alter table public.${name} enable row level security;
    ${force ? `alter table public.${name} force row level security;` : ""}
    create policy own on public.${name} to ${policyFor} using (${tenant} = ${context});`;
  return `
    create role shop_owner nologin;
    create role shop_app login;
    grant usage, create on schema public to shop_owner;
    grant usage on schema public to shop_app;
    set role shop_owner;
    ${table("tenants", "id uuid primary key, name text not null", "id")}
    ${["invoices", "reminders"]
      .map((name) =>
        table(
          name,
          "tenant_id uuid not null references public.tenants, id uuid not null default gen_random_uuid(), note text not null, primary key (tenant_id, id)",
          "tenant_id",
        ),
      )
      .join("")}
    grant select on public.tenants to shop_app;
    grant select, insert, update, delete on public.invoices, public.reminders to shop_app;`;
}
