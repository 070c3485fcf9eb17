// Attempts at the door and with other people's ids: tokens, headers, IDOR, guesses.
import { randomUUID } from "node:crypto";
import { bodyOf } from "../scene.ts";
import type { Attempt } from "../scene.ts";

const LIST = "/v1/invoices?limit=100";

export const frontDoor: readonly Attempt[] = [
  {
    id: "token-other-issuer",
    title: "token of another issuer",
    run: async (s) => void (await s.attacker.get(LIST, { token: s.forgery.otherIssuer })),
  },
  {
    id: "token-alg-none",
    title: "token with alg none",
    run: async (s) => void (await s.attacker.get(LIST, { token: s.forgery.algNone })),
  },
  {
    id: "token-hs256",
    title: "token signed HS256 with our public key",
    run: async (s) => void (await s.attacker.get(LIST, { token: s.forgery.hs256 })),
  },
  {
    id: "token-expired",
    title: "B's expired token",
    run: async (s) => void (await s.attacker.get(LIST, { token: s.forgery.expired })),
  },
  {
    id: "header-tenant",
    title: "X-Tenant-ID: B beside A's token",
    run: async (s) => void (await s.attacker.get(LIST, { headers: { "x-tenant-id": s.targets.tenant } })),
  },
  {
    id: "idor-read",
    title: "read B's invoice by id",
    run: async (s) => {
      s.compare(
        await s.attacker.get(`/v1/invoices/${s.targets.invoices[0]!}`),
        await s.attacker.get(`/v1/invoices/${randomUUID()}`),
      );
    },
  },
  {
    id: "idor-update",
    title: "change B's invoice by id",
    run: async (s) =>
      void (await s.attacker.send("PATCH", `/v1/invoices/${s.targets.invoices[1]!}`, {
        body: { memo: "please pay to my account" },
      })),
  },
  {
    id: "idor-delete",
    title: "delete B's invoice by id",
    run: async (s) => void (await s.attacker.send("DELETE", `/v1/invoices/${s.targets.invoices[2]!}`)),
  },
  {
    id: "idor-nested",
    title: "lines of B's invoice",
    run: async (s) => void (await s.attacker.get(`/v1/invoices/${s.targets.invoices[0]!}/lines`)),
  },
  {
    id: "idor-child-write",
    title: "add a line to B's invoice",
    run: async (s) =>
      void (await s.attacker.post(`/v1/invoices/${s.targets.invoices[3]!}/lines`, {
        description: "consulting",
        quantity: 1,
        unit_price_cents: 99_900,
      })),
  },
  {
    id: "idor-attachment",
    title: "download B's attachment",
    run: async (s) => void (await s.attacker.get(`/v1/attachments/${s.targets.attachment}`)),
  },
  {
    id: "guess-numbers",
    title: "guess 30 invoice numbers",
    run: async (s) => {
      await Promise.all(Array.from({ length: 30 }, (_, i) => s.attacker.get(`/v1/invoices/by-number/${1001 + i}`)));
    },
  },
  {
    id: "job-foreign-id",
    title: "a job with B's invoice id",
    run: async (s) => {
      const reply = await s.attacker.post("/v1/jobs/reminders", { invoice_id: s.targets.invoices[4]! });
      if (reply.status === 202) await s.attacker.get(`/v1/jobs/${String(bodyOf(reply)["id"])}`);
    },
  },
  {
    id: "forgotten-tenant",
    title: "the report that forgets the tenant",
    run: async (s) => void (await s.attacker.get("/v1/reports/backlog")),
  },
  {
    id: "warm-cache",
    title: "dashboard right after B",
    run: async (s) => {
      await s.victim.get("/v1/dashboard?latest=7");
      await s.attacker.get("/v1/dashboard?latest=7");
    },
  },
  {
    id: "export-invoices",
    title: "CSV export of invoices",
    run: async (s) => void (await s.attacker.get("/v1/export/invoices.csv")),
  },
  {
    id: "export-sites",
    title: "CSV export of sites",
    run: async (s) => void (await s.attacker.get("/v1/export/sites.csv")),
  },
];
