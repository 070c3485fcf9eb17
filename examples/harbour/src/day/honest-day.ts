// A working day of an honest tenant. Every step must succeed and show nothing but the tenant's own data, with the holes open as well as
// closed: leaks do not announce themselves by breaking anything.
import { foreignRecords, ownMarks } from "../data/canary.ts";
import { apiClient, bodyOf } from "../intruder/scene.ts";
import type { Reply } from "../intruder/scene.ts";

export interface DayReport {
  steps: number;
  /** Steps that were not answered with success, as `name: status`. */
  failed: string[];
  /** Records of other tenants that an honest user saw by accident. */
  foreignRows: number;
}

export async function honestDay(base: string, token: string, code: string): Promise<DayReport> {
  const report: DayReport = { steps: 0, failed: [], foreignRows: 0 };
  const api = apiClient(base, token);
  const step = async (
    name: string,
    reply: Promise<Reply>,
    wants: { own?: boolean } = {},
  ): Promise<Record<string, unknown>> => {
    const got = await reply;
    report.steps += 1;
    report.foreignRows += foreignRecords(got.text, code).size;
    const empty = wants.own === true && ownMarks(got.text, code) === 0;
    if (got.status >= 300 || empty) report.failed.push(`${name}: ${empty ? "empty" : got.status}`);
    return got.text.includes("application/json") ? bodyOf(got) : {};
  };
  const own = { own: true };
  const first = (body: Record<string, unknown>, list: string): string =>
    String((body[list] as { id?: string }[] | undefined)?.[0]?.id);

  await step("dashboard", api.get("/v1/dashboard"));
  const invoices = await step("list invoices", api.get("/v1/invoices?limit=50"), own);
  const invoice = first(invoices, "invoices");
  await step("open an invoice", api.get(`/v1/invoices/${invoice}`), own);
  await step("its lines", api.get(`/v1/invoices/${invoice}/lines`), own);
  const customers = await step("list customers", api.get("/v1/customers"), own);
  await step("search customers", api.get("/v1/customers/search?q=e"), own);
  await step(
    "new customer",
    api.post("/v1/customers", { name: "Hotel Seeblick", email: `seeblick-${code}@example.org`, city: "Kiel" }),
  );
  const created = await step(
    "new invoice",
    api.post("/v1/invoices", {
      customer_id: first(customers, "customers"),
      memo: "Lift stuck on floor 3",
      lines: [
        { description: "Call-out, weekday", quantity: 1, unit_price_cents: 7900 },
        { description: "Door motor", quantity: 1, unit_price_cents: 41900 },
      ],
    }),
  );
  const mine = `/v1/invoices/${String(created["id"])}`;
  await step(
    "one more line",
    api.post(`${mine}/lines`, { description: "Travel, per km", quantity: 34, unit_price_cents: 60 }),
  );
  await step(
    "change the memo",
    api.send("PATCH", mine, { body: { memo: "Lift stuck on floor 3, door motor replaced" } }),
  );
  await step("comment", api.post(`${mine}/comments`, { body: "Sent a photo of the motor." }));
  await step("read comments", api.get(`${mine}/comments`));
  await step("attachments", api.get(`/v1/invoices/${invoice}/attachments`));
  await step("remind the customer", api.post("/v1/jobs/reminders", { invoice_id: invoice }));
  await step("technicians", api.get("/v1/technicians"), own);
  await step("find a technician", api.get("/v1/technicians/find?q=a"), own);
  await step("templates", api.get("/v1/templates"), own);
  const { plan } = await step("our plan", api.get("/v1/plan"));
  if (plan === null) report.failed.push("our plan: empty");
  await step("totals", api.get("/v1/invoices/totals"));
  await step("events of a quarter", api.get("/v1/reports/events?quarter=2026_q2"), own);
  await step("revenue", api.get("/v1/reports/revenue"));
  await step("recent comments", api.get("/v1/reports/recent-comments"));
  await step("a report of one's own", api.sql("select status, count(*) from harbour.invoices group by 1 order by 1"));
  await step("export invoices", api.get("/v1/export/invoices.csv"), own);
  await step("export sites", api.get("/v1/export/sites.csv"), own);
  await step("throw the invoice away", api.send("DELETE", mine));
  return report;
}
