/** A random sequence of requests from a seed. What it does next depends on the seed and on earlier answers' ids, never on what the ids are. */
import { stream } from "../../src/data/random.ts";
import type { Stream } from "../../src/data/random.ts";
import { apiClient, bodyOf } from "../../src/intruder/scene.ts";
import type { Client, Reply } from "../../src/intruder/scene.ts";

/** One request and what was answered, with ids replaced by the order in which they were first seen. */
export interface Step {
  readonly request: string;
  readonly status: number;
  readonly body: string;
}

interface Seen {
  readonly customers: string[];
  readonly invoices: string[];
  readonly jobs: string[];
}

type Request = { method: string; path: string; body?: unknown; keep?: keyof Seen };

/** Ids of nothing and no ids: everywhere the same refusal. */
const odd = ["00000000-0000-4000-8000-000000000000", "ffffffff-ffff-4fff-8fff-ffffffffffff", "nonsense", "%27"];
const texts = ["Müller & Söhne", "O'Brien", 'say "hi"', "線路", "%_\\", "a".repeat(200), " ", "null"];

const requests: readonly ((random: Stream, seen: Seen) => Request)[] = [
  // few addresses: some of them come twice
  (r) => ({
    method: "POST",
    path: "/v1/customers",
    body: { name: r.pick(texts), email: `c${r.integer(1, 12)}@example.org`, city: r.pick(["Kiel", ""]) },
    keep: "customers",
  }),
  (r, s) => ({
    method: "POST",
    path: "/v1/invoices",
    body: { customer_id: some(r, s.customers), memo: r.pick(texts), lines: lines(r) },
    keep: "invoices",
  }),
  (r, s) => ({
    method: "POST",
    path: `/v1/invoices/${some(r, s.invoices)}/lines`,
    body: lines(r)[0] ?? { description: "", quantity: 0 },
  }),
  (r, s) => ({ method: "PATCH", path: `/v1/invoices/${some(r, s.invoices)}`, body: { memo: r.pick([...texts, ""]) } }),
  (r, s) => ({ method: "DELETE", path: `/v1/invoices/${some(r, s.invoices)}` }),
  (r, s) => ({
    method: "POST",
    path: `/v1/invoices/${some(r, s.invoices)}/comments`,
    body: { body: r.pick([...texts, 7]) },
  }),
  (r, s) => ({ method: "POST", path: "/v1/jobs/reminders", body: { invoice_id: some(r, s.invoices) }, keep: "jobs" }),
  (r, s) => ({ method: "GET", path: `/v1/jobs/${some(r, s.jobs)}` }),
  (r, s) => ({
    method: "GET",
    path: `/v1/invoices/${some(r, s.invoices)}${r.pick(["", "/lines", "/comments", "/attachments"])}`,
  }),
  (r) => ({ method: "GET", path: `/v1/invoices/by-number/${r.pick(["1001", "1002", "999", "x", "-1"])}` }),
  (r) => ({ method: "GET", path: `/v1/invoices?limit=${r.pick(["1", "100", "0", "many"])}` }),
  (r) => ({ method: "GET", path: `/v1/customers/search?q=${encodeURIComponent(r.pick([...texts, "' or true --"]))}` }),
  (r) => ({ method: "GET", path: `/v1/reports/events?quarter=${r.pick(["2026_q2", "2031_q9"])}` }),
  (r) => ({ method: "GET", path: `/v1/attachments/${r.pick(odd)}` }),
  (r) => ({
    method: "GET",
    path: r.pick([
      "/v1/customers",
      "/v1/technicians",
      "/v1/technicians/find?q=a",
      "/v1/templates",
      "/v1/plan",
      "/v1/invoices/totals",
      "/v1/reports/revenue",
      "/v1/reports/recent-comments",
      "/v1/export/invoices.csv",
      "/v1/export/sites.csv",
      "/v1/reports/backlog",
      "/v1/nothing",
    ]),
  }),
  (r) => ({
    method: "POST",
    path: "/v1/reports/custom",
    body: {
      sql: r.pick([
        "select status, count(*) from invoices group by 1 order by 1",
        "insert into audit_log (action, subject) values ('looked', 'at it') returning action",
        "update audit_log set action = 'never happened' returning action",
        "delete from audit_log returning action",
        "truncate audit_log",
        "select name from plans order by id",
        "select count(*) from users",
        "select * from monthly_revenue",
        "insert into events (kind, subject, created_at) values ('call', 'us', '2026-05-05') returning kind",
        // a line of an invoice that is not there is no request of these: the floor refuses it in shared tables, the foreign key elsewhere
        "update invoices set status = 'unheard of'",
        "drop table invoices",
        "create table mine ()",
        "select 1; select 2",
        "select nothing from nowhere",
      ]),
    },
  }),
];

function some(random: Stream, from: readonly string[]): string {
  return from.length === 0 || random.next() < 0.15 ? random.pick(odd) : random.pick(from);
}

function lines(random: Stream): { description: string; quantity: number; unit_price_cents: number }[] {
  return Array.from({ length: random.integer(0, 3) }, () => ({
    description: random.pick(texts),
    quantity: random.pick([1, 2, 10_000, 0]),
    unit_price_cents: random.integer(0, 50_000),
  }));
}

export async function randomDay(
  base: string,
  token: string,
  { seed, length }: { seed: number; length: number },
): Promise<Step[]> {
  const random = stream("differential", seed);
  const seen: Seen = { customers: [], invoices: [], jobs: [] };
  const api: Client = apiClient(base, token);
  const names = new Map<string, string>();
  const steps: Step[] = [];
  for (let n = 0; n < length; n++) {
    // a working day begins with customers and invoices
    const make = n < 4 ? requests[0]! : n < 8 ? requests[1]! : random.pick(requests);
    const { method, path, body, keep } = make(random, seen);
    const reply = await api.send(method, path, body === undefined ? {} : { body });
    if (keep !== undefined && reply.status < 300) seen[keep].push(String(bodyOf(reply)["id"]));
    steps.push({
      request: normal(`${method} ${path} ${JSON.stringify(body) ?? ""}`, names),
      status: reply.status,
      body: answerOf(reply, names),
    });
  }
  return steps;
}

/** Everything that was answered but what is new in every answer: the request's id, the date, times of writing. */
function answerOf(reply: Reply, names: Map<string, string>): string {
  const text = reply.text
    .replaceAll(reply.requestId, "<request>")
    .replaceAll(/^(date|connection|keep-alive|content-length): .*\n/gm, "")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>");
  return normal(text, names);
}

function normal(text: string, names: Map<string, string>): string {
  return text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
    if (odd.includes(id)) return id;
    if (!names.has(id)) names.set(id, `<id ${names.size}>`);
    return names.get(id)!;
  });
}
