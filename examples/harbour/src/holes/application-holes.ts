// Mistakes in application code. Each swaps one part of the shipped application for what people write instead.
import { decodeJwt } from "jose";
import { bearerToken, readClaims } from "../app/identity.ts";
import { IdentityError } from "../app/problem.ts";
import type { Area, Parts, Query } from "../app/parts.ts";
import { noted } from "../app/shipped-parts.ts";
import type { Hole } from "./hole.ts";

/** The same application with some of its access going another way. */
export function rerouted(parts: Parts, through: Query, ...areas: readonly Area[]): Parts {
  return {
    ...parts,
    query: { ...parts.query, ...Object.fromEntries(areas.map((area) => [area, noted(area, through)])) },
  };
}

export const applicationHoles: readonly Hole[] = [
  {
    id: "unverified-token",
    vector: "B12",
    title: "the token is decoded, not verified",
    application: (parts) => ({
      ...parts,
      identify: async (headers) => {
        const token = bearerToken(headers);
        try {
          return readClaims(decodeJwt(token));
        } catch (error) {
          throw new IdentityError(401, "token-refused", error);
        }
      },
    }),
    attacks: ["token-other-issuer", "token-alg-none", "token-hs256", "token-expired"],
  },
  {
    id: "trusted-header",
    vector: "B12",
    title: "X-Tenant-ID is believed",
    application: (parts) => ({
      ...parts,
      identify: async (headers) => {
        const claimed = headers.get("x-tenant-id");
        const rest = new Headers(headers);
        rest.delete("x-tenant-id");
        const identity = await parts.identify(rest);
        return claimed === null ? identity : { ...identity, tenant: claimed.toLowerCase() };
      },
    }),
    attacks: ["header-tenant"],
  },
  {
    id: "admin-pool",
    vector: "A4",
    title: "look-ups by id go through a BYPASSRLS connection",
    needsBypass: true,
    application: (parts, { plain }) => rerouted(parts, plain("migrator"), "invoiceById", "lines"),
    attacks: ["idor-read", "idor-update", "idor-delete", "idor-nested", "idor-child-write", "guess-numbers"],
  },
  {
    id: "job-without-tenant",
    vector: "A4",
    title: "the worker gets an id, no tenant, and a privileged connection",
    needsBypass: true,
    application: (parts, { plain }) => rerouted(parts, plain("migrator"), "worker"),
    attacks: ["job-foreign-id"],
  },
  {
    id: "export-as-migrator",
    vector: "A4",
    title: "the nightly CSV export runs as a privileged role",
    needsBypass: true,
    application: (parts, { plain }) => rerouted(parts, plain("migrator"), "exportInvoices"),
    attacks: ["export-invoices"],
  },
  {
    id: "shared-cache",
    vector: "C12",
    title: "the cache key has no tenant in it",
    application: (parts) => ({ ...parts, cacheKey: (name) => name }),
    attacks: ["warm-cache"],
  },
  {
    id: "session-context",
    vector: "C1",
    title: "the tenant is set for the session, on a plain pool",
    plainLevel: true,
    application: (parts, { session }) =>
      rerouted(rerouted(parts, session(2), "technicians"), session(1), "customReport", "savedReport"),
    attacks: ["pool-storm", "held-cursor"],
  },
  {
    id: "stacked-statements",
    vector: "C8",
    title: "texts go over the simple protocol",
    plainLevel: true,
    application: (parts, { session }) => rerouted(parts, session(1), "search"),
    attacks: ["inject-stacked"],
  },
];
