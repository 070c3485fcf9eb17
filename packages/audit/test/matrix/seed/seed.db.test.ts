// Seeding through the constraints that people write: every table gets rows of both tenants, or says why not.
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { installLab, labIn } from "../../../src/matrix/lab/lab.ts";
import { contextBook } from "../../../src/matrix/personas/context.ts";
import { columnMeaning } from "../../../src/matrix/personas/meaning.ts";
import { makeTenants, randomness } from "../../../src/matrix/personas/tenants.ts";
import { type Book, readBook } from "../../../src/matrix/seed/book.ts";
import { type Seeded, seedTenants } from "../../../src/matrix/seed/seed.ts";
import { Session } from "../../../src/matrix/wire/session.ts";
import { schemaGraph } from "../../../src/understand/schema/graph.ts";
import type { Declared } from "../../../src/understand/declared.ts";
import { type AttackGround, attackGround, supabaseBase } from "../attack-ground.ts";

async function seeded(
  ground: AttackGround,
): Promise<{ book: Book; seeded: Seeded; tenants: ReturnType<typeof makeTenants> }> {
  const { facts } = ground;
  const graph = schemaGraph(facts.snapshot);
  const meaning = columnMeaning(facts, graph);
  const random = randomness("test");
  const tenants = makeTenants(random, meaning, facts.understanding.perUser);
  const pair = [tenants.a, tenants.b];
  const admin = await Session.open(ground.server.config(null));
  try {
    const lab = labIn("lab_of_this_test");
    await installLab(admin, lab);
    const context = await contextBook(facts.understanding.context, null, pair, meaning.userType !== null);
    const result = await seedTenants({
      admin,
      facts,
      graph,
      meaning,
      random,
      tenants,
      context: (tenant) => Promise.resolve(context.statements("strongest", tenant)),
    });
    return { seeded: result, book: await readBook(admin, lab, graph, facts.understanding.tables, [], pair), tenants };
  } finally {
    await admin.close();
  }
}

function counts(book: Book): Record<string, string> {
  return Object.fromEntries(
    book.pages.map(({ relation }) => [
      relation.name,
      `${book.of(relation, "A").length}/${book.of(relation, "B").length}`,
    ]),
  );
}

const hard = `
create role shop_app login;
create schema kit;
create type kit.mood as enum ('sad', 'ok', 'happy');
create domain kit.slug as text check (value ~ '^[a-z][a-z0-9-]{2,20}$');
create domain kit.positive as int check (value > 0 and value < 1000);
create extension if not exists btree_gist;
create table tenants (id uuid primary key, name text not null, slug kit.slug not null unique, plan text not null check (plan in ('free', 'pro')));
create table customers (tenant_id uuid not null references tenants, id bigint generated always as identity, email text not null check (email ~* '^[^@ ]+@[^@ ]+\\.[a-z]{2,}$'), vat varchar(12) check (vat ~ '^[A-Z]{2}[0-9]{8}$'), mood kit.mood not null, age kit.positive not null, code char(3) not null check (code = upper(code)), primary key (tenant_id, id), unique (tenant_id, email));
create table invoices (tenant_id uuid not null, id uuid not null default gen_random_uuid(), customer_id bigint not null, number text not null check (number like 'INV-%' and length(number) between 8 and 12), total numeric(10,2) not null check (total >= 0), paid numeric(10,2) not null default 0, status text not null check (status = any (array['draft', 'sent', 'paid'])), paid_at timestamptz, period daterange not null, twice numeric generated always as (total * 2) stored,
  primary key (tenant_id, id), foreign key (tenant_id, customer_id) references customers (tenant_id, id), check (paid <= total), check ((status = 'paid') = (paid_at is not null)), exclude using gist (tenant_id with =, period with &&));
create table lines (id bigserial primary key, invoice_tenant uuid not null, invoice_id uuid not null, tags text[] not null check (cardinality(tags) > 0), extra jsonb not null check (jsonb_typeof(extra) = 'object' and extra ? 'sku'), a int, b int, check (num_nonnulls(a, b) = 1), foreign key (invoice_tenant, invoice_id) references invoices (tenant_id, id) on delete cascade);
create table folders (tenant_id uuid not null references tenants, id uuid primary key, parent_id uuid references folders, boss uuid not null references folders);
create table eggs (tenant_id uuid not null references tenants, id int primary key, hen int not null);
create table hens (tenant_id uuid not null references tenants, id int primary key, egg int not null references eggs);
alter table eggs add foreign key (hen) references hens deferrable;
create table settings (tenant_id uuid primary key references tenants, locale text not null check (locale in ('en', 'de')));
create table events (tenant_id uuid not null, at timestamptz not null, kind text not null, what text) partition by range (at);
create table events_2026 partition of events for values from ('2026-01-01') to ('2026-07-01');
create table events_2027 partition of events for values from ('2027-01-01') to ('2028-01-01') partition by list (kind);
create table events_2027_a partition of events_2027 for values in ('a', 'b');
create table hashed (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id)) partition by hash (id);
create table hashed_0 partition of hashed for values with (modulus 2, remainder 0);
create table hashed_1 partition of hashed for values with (modulus 2, remainder 1);
create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not by hand'; end $$;
create table ledger (tenant_id uuid not null references tenants, entry text not null);
create trigger refuse before insert on ledger for each row execute function refuse();
create table impossible (tenant_id uuid not null references tenants, v int not null check (v > 5 and v < 3));
create table base (tenant_id uuid not null references tenants, note text);
create table derived_kind (more text) inherits (base);
create type kit.pair as (x int, y int);
create table odd (tenant_id uuid not null references tenants, p kit.pair, r numrange not null, m int4multirange, bits bit(4) not null, ip inet not null, iv interval not null, x xml, moods kit.mood[] not null, ok boolean not null);
grant select, insert, update, delete on all tables in schema public to shop_app;
`;

describeServers((server) => {
  test("a schema full of constraints", async () => {
    const config: Declared = { tables: { lines: { parent: "invoices" } }, context: { setting: "app.tenant_id" } };
    const ground = await attackGround(server, hard, config);
    try {
      const { book, seeded: result, tenants } = await seeded(ground);
      expect(counts(book)).toMatchObject({
        tenants: "1/1",
        customers: "2/2",
        invoices: "2/2",
        lines: "2/2",
        folders: "2/2",
        eggs: "2/2",
        hens: "2/2",
        settings: "1/1",
        ledger: "2/2",
        odd: "2/2",
        base: "4/4",
        derived_kind: "2/2",
      });
      expect(counts(book).events).not.toContain("0");
      expect(Object.fromEntries(result.problems)).toEqual({ "public.impossible": expect.stringContaining("23514") });
      expect(result.notes).toEqual([expect.stringContaining("ledger"), expect.stringContaining("eggs")]);
      expect(tenants.a.id).not.toBe(tenants.b.id);
      // what attacks write fits as well, and is not there
      expect(result.spares.get("public.invoices")?.A?.get("tenant_id")).toBe(tenants.a.id);
      expect([...result.spares.keys()]).toContain("public.lines");
      expect([...result.spares.keys()]).not.toContain("public.settings");
      const leaves = await ground.fixture.database.admin.query(
        "select tableoid::regclass::text as leaf from events union all select tableoid::regclass::text from hashed",
      );
      expect(new Set(leaves.rows.map(({ leaf }) => leaf as string))).toEqual(
        new Set(["events_2026", "events_2027_a", "hashed_0", "hashed_1"]),
      );
    } finally {
      await ground.drop();
    }
  });

  test("users, organisations and memberships of Supabase; triggers make some of the rows", async () => {
    const sql = `${await supabaseBase()}
create table organizations (id uuid primary key default gen_random_uuid(), name text not null, created_by uuid references auth.users default auth.uid());
create table memberships (id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users, organization_id uuid not null references organizations on delete cascade, role text not null default 'member' check (role in ('member', 'owner')), unique (user_id, organization_id));
create table profiles (id uuid primary key references auth.users, nickname text);
create function public.on_user() returns trigger language plpgsql security definer as $$ begin insert into public.profiles (id) values (new.id); return new; end $$;
create trigger on_user after insert on auth.users for each row execute function public.on_user();
create function public.on_org() returns trigger language plpgsql security definer as $$ begin if auth.uid() is not null then insert into public.memberships (user_id, organization_id, role) values (auth.uid(), new.id, 'owner'); end if; return new; end $$;
create trigger on_org after insert on organizations for each row execute function public.on_org();
create table notes (id bigint generated by default as identity primary key, organization_id uuid not null references organizations, author_id uuid references auth.users, body text);
alter table organizations enable row level security; alter table memberships enable row level security; alter table notes enable row level security;
create policy p on notes using (exists (select 1 from memberships m where m.organization_id = notes.organization_id and m.user_id = auth.uid()));
create policy p on memberships for select using (user_id = auth.uid());`;
    const ground = await attackGround(server, sql);
    try {
      const { book, seeded: result, tenants } = await seeded(ground);
      expect(Object.fromEntries(result.problems)).toEqual({});
      // an organisation's second row has another id: it is nobody's
      expect(counts(book)).toMatchObject({ notes: "2/2", memberships: "2/2" });
      const members = book.of({ schema: "public", name: "memberships" }, "B");
      expect(members.map(({ values }) => values.get("user_id"))).toEqual([...tenants.b.users]);
      expect(members[0]!.values.get("role")).toBe("owner");
      const users = await ground.fixture.database.admin.query("select id from auth.users");
      expect(new Set(users.rows.map(({ id }) => id as string))).toEqual(
        new Set([...tenants.a.users, ...tenants.b.users]),
      );
    } finally {
      await ground.drop();
    }
  });
});
