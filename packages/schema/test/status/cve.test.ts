// The CVE table: a minor at the fix is fixed, the one before is not, and a major without a confirmed fix is never called safe.
import { serverCves, unfixedCves } from "@watertight/schema";
import { describe, expect, it } from "vitest";

describe("unfixedCves", () => {
  it("knows the fixed minors of 15", () => {
    expect(unfixedCves(150020)).toEqual([]);
    expect(unfixedCves(150019).map((cve) => cve.id)).not.toContain("CVE-2026-14666");
    expect(unfixedCves(150018).map((cve) => cve.id)).toContain("CVE-2026-14666");
    expect(unfixedCves(150000)).toHaveLength(serverCves.length);
  });
  it("does not call a version safe for which no fix is confirmed", () => {
    for (const version of [160015, 170011, 180006, 190000])
      expect(unfixedCves(version).map((cve) => cve.id)).toContain("CVE-2026-116311");
    expect(unfixedCves(180006).map((cve) => cve.id)).not.toContain("CVE-2025-8713");
  });
});
