// The rows of one tenant. Pure: the same seed, number and size give the same rows, whatever else is generated.
import { createHash } from "node:crypto";
import { canaries } from "./canary.ts";
import { stream } from "./random.ts";
import type { Stream } from "./random.ts";
import type { Row, TableName } from "./tables.ts";
import {
  accessNotes,
  auditActions,
  cities,
  commentTexts,
  customerKinds,
  eventKinds,
  firstNames,
  lastNames,
  siteLabels,
  streets,
  templateNames,
  trades,
  workItems,
} from "./words.ts";

export interface Member {
  userId: string;
  name: string;
  email: string;
  role: "owner" | "dispatcher" | "accountant" | "technician";
}

export interface TenantPlan {
  seed: string;
  number: number;
  id: string;
  slug: string;
  code: string;
  invoices: number;
  members: readonly Member[];
}

export type RowSink = <T extends TableName>(table: T, row: Row<T>) => void;

const DAY = 86_400_000;
const FIRST_DAY = Date.UTC(2026, 0, 1);
const DAYS = 273; // nine months of business: January to September 2026

const moment = (random: Stream): Date =>
  new Date(FIRST_DAY + random.integer(0, DAYS - 1) * DAY + random.integer(6 * 60, 19 * 60) * 60_000);
const day = (date: Date, plus = 0): string => new Date(date.getTime() + plus * DAY).toISOString().slice(0, 10);

export function writeTenantRows(plan: TenantPlan, add: RowSink): void {
  const tenant_id = plan.id;
  const mark = canaries(plan.code);
  const of = (table: TableName): Stream => stream(plan.seed, table, plan.number);
  const ids: Record<"customers" | "sites" | "technicians", string[]> = { customers: [], sites: [], technicians: [] };
  const opened = new Date(FIRST_DAY - 30 * DAY).toISOString();

  for (const member of plan.members) {
    add("memberships", {
      tenant_id,
      user_id: member.userId,
      display_name: `${member.name} ${mark()}`,
      role: member.role,
      created_at: opened,
    });
  }

  let random = of("customers");
  const customerCount = Math.max(8, Math.round(plan.invoices * 0.35));
  for (let i = 0; i < customerCount; i += 1) {
    const id = random.uuid();
    ids.customers.push(id);
    const [postcode, city] = random.pick(cities);
    const name = `${random.pick(customerKinds)} ${random.pick(lastNames)}`;
    add("customers", {
      tenant_id,
      id,
      name: `${name} ${mark()}`,
      // the first customer's address is public knowledge (an imprint): what an outsider can try on a sign-up form
      email:
        i === 0
          ? `office@${plan.slug}-first-customer.example`
          : `billing.${mark()}@${name.toLowerCase().replaceAll(/[^a-z]+/g, "-")}.example`,
      phone: `+49 40 ${random.integer(100000, 999999)}`,
      street: `${random.pick(streets)} ${random.integer(1, 180)}`,
      postcode,
      city,
      vat_number: `DE${random.integer(100000000, 999999999)}`,
      created_at: moment(random).toISOString(),
    });
  }

  random = of("sites");
  const sitesOf = new Map<string, string[]>();
  for (let i = 0; i < Math.round(customerCount * 1.4); i += 1) {
    const id = random.uuid();
    const customer_id = i < customerCount ? ids.customers[i]! : random.pick(ids.customers);
    ids.sites.push(id);
    sitesOf.set(customer_id, [...(sitesOf.get(customer_id) ?? []), id]);
    add("sites", {
      tenant_id,
      id,
      customer_id,
      label: random.pick(siteLabels),
      street: `${random.pick(streets)} ${random.integer(1, 180)}`,
      city: random.pick(cities)[1],
      access_notes: `${random.pick(accessNotes)} ${mark()}`,
      created_at: moment(random).toISOString(),
    });
  }

  random = of("technicians");
  for (let i = 0; i < Math.max(3, Math.round(plan.invoices / 60)); i += 1) {
    const id = random.uuid();
    ids.technicians.push(id);
    add("technicians", {
      tenant_id,
      id,
      name: `${random.pick(firstNames)} ${random.pick(lastNames)} ${mark()}`,
      trade: random.pick(trades),
      hourly_rate_cents: random.integer(4200, 8900),
      created_at: opened,
    });
  }

  random = of("invoices");
  const lines = of("invoice_lines");
  const files = of("attachments");
  const talk = of("comments");
  for (let i = 0; i < plan.invoices; i += 1) {
    const id = random.uuid();
    const customer_id = random.pick(ids.customers);
    const created = moment(random);
    const created_at = created.toISOString();
    let total = 0;
    const lineCount = lines.integer(1, 6);
    for (let position = 1; position <= lineCount; position += 1) {
      const [item, low, high] = lines.pick(workItems);
      const quantity = lines.integer(1, 8);
      const unit_price_cents = lines.integer(low, high);
      total += quantity * unit_price_cents;
      add("invoice_lines", {
        id: lines.uuid(),
        invoice_id: id,
        position,
        description: `${item} ${mark()}`,
        quantity,
        unit_price_cents,
        created_at,
      });
    }
    add("invoices", {
      tenant_id,
      id,
      number: 1001 + i,
      customer_id,
      site_id: random.pick(sitesOf.get(customer_id)!),
      technician_id: random.pick(ids.technicians),
      status: random.pick(["draft", "sent", "paid", "paid", "paid", "overdue"]),
      total_cents: total,
      memo: `Job ${random.integer(10000, 99999)} ${mark()}`,
      issued_on: day(created),
      due_on: day(created, 30),
      created_at,
    });
    if (i === 0 || files.next() < 0.4) {
      add("attachments", {
        tenant_id,
        id: files.uuid(),
        invoice_id: id,
        file_name: `work-report-${1001 + i}-${mark()}.txt`,
        content_type: "text/plain",
        content: `Work report for invoice ${1001 + i}. Signed on site by ${files.pick(firstNames)} ${files.pick(lastNames)}. ${mark()}`,
        created_at,
      });
    }
    for (let n = i === 0 ? 2 : talk.integer(0, 2) - talk.integer(0, 1); n > 0; n -= 1) {
      add("comments", {
        tenant_id,
        id: talk.uuid(),
        invoice_id: id,
        author_id: talk.pick(plan.members).userId,
        body: `${talk.pick(commentTexts)} ${mark()}`,
        created_at,
      });
    }
  }

  random = of("events");
  for (let i = 0; i < Math.round(plan.invoices * 1.3); i += 1) {
    const kind = random.pick(eventKinds);
    add("events", {
      tenant_id,
      id: random.uuid(),
      kind,
      subject: `${kind} no. ${random.integer(1001, 1000 + plan.invoices)} ${mark()}`,
      payload: JSON.stringify({ source: random.pick(["web", "api", "mobile"]) }),
      created_at: moment(random).toISOString(),
    });
  }

  random = of("templates");
  for (let i = 0; i < random.integer(3, 6); i += 1) {
    add("templates", {
      tenant_id,
      id: random.uuid(),
      name: `${templateNames[i]!} ${mark()}`,
      body: `Dear customer, … ${mark()}`,
      created_at: opened,
    });
  }
  random = of("jobs");
  for (let i = 0; i < Math.max(5, Math.round(plan.invoices * 0.15)); i += 1) {
    const state = random.pick(["done", "done", "done", "waiting", "failed"]);
    add("jobs", {
      tenant_id,
      id: random.uuid(),
      kind: random.pick(["reminder", "export", "sync"]),
      payload: "{}",
      state,
      result: state === "waiting" ? null : `${state} ${mark()}`,
      created_at: moment(random).toISOString(),
    });
  }
  random = of("api_keys");
  for (let i = 0; i < random.integer(1, 4); i += 1) {
    const prefix = `hk_${random.uuid().slice(0, 8)}`;
    add("api_keys", {
      tenant_id,
      id: random.uuid(),
      label: `${random.pick(["ERP", "Zapier", "Website", "Backup"])} ${mark()}`,
      prefix,
      digest: createHash("sha256").update(prefix).digest("hex"),
      created_at: opened,
    });
  }
  random = of("audit_log");
  for (let i = 0; i < Math.max(10, Math.round(plan.invoices * 0.5)); i += 1) {
    const action = random.pick(auditActions);
    add("audit_log", {
      tenant_id,
      id: random.uuid(),
      actor_id: random.pick(plan.members).userId,
      action,
      subject: `${action} ${mark()}`,
      created_at: moment(random).toISOString(),
    });
  }
}
