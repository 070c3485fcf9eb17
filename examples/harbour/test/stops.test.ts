// What stopped an attempt is read from the evidence alone.
import { DatabaseError, AccessDeniedError, ContextError } from "@watertight/runtime";
import { describe, expect, it } from "vitest";
import type { Entry } from "../src/app/activity.ts";
import { IdentityError } from "../src/app/problem.ts";
import { elsewhere, stopsOf } from "../src/intruder/stops.ts";

const refused = (error: unknown): Entry => ({ kind: "refused", error });
const sqlError = (code: string, routine = ""): Error => Object.assign(new Error("refused"), { code, routine });
const layers = (...entries: Entry[]): string[] => stopsOf(entries).map((stop) => stop.layer);

describe("stopsOf", () => {
  it("tells a policy's check from a missing right, which share SQLSTATE 42501", () => {
    expect(layers(refused(sqlError("42501", "ExecWithCheckOptions")))).toEqual(["policy"]);
    expect(layers(refused(sqlError("42501", "aclcheck_error")))).toEqual(["grant"]);
    expect(
      layers(
        refused(
          new AccessDeniedError("WT_ACCESS_DENIED", {
            sqlstate: "42501",
            cause: sqlError("42501", "ExecWithCheckOptions"),
          }),
        ),
      ),
    ).toEqual(["policy"]);
  });
  it("knows the other layers", () => {
    expect(layers(refused(new IdentityError(401, "token-refused")))).toEqual(["application"]);
    expect(layers(refused(new ContextError("WT_NO_TENANT")))).toEqual(["context"]);
    expect(layers(refused(new DatabaseError("WT_CONTEXT_LOST", { sqlstate: "WT004" })))).toEqual(["context"]);
    expect(layers(refused(sqlError("23503")))).toEqual(["key"]);
    expect(layers(refused(new AccessDeniedError("WT_ROW_NOT_FOUND")))).toEqual(["policy"]);
  });
  it("knows a place's fence and a login that is refused", () => {
    expect(layers(refused(new DatabaseError("WT_TENANT_NOT_SERVED", { sqlstate: "WT002" })))).toEqual(["fence"]);
    expect(layers({ kind: "login", error: sqlError("42501") })).toEqual(["connection"]);
  });
  it("credits no policy with rows that are in another database, but with a row that it kept out", () => {
    expect(elsewhere([{ layer: "policy", evidence: "0 rows" }])).toEqual([
      { layer: "connection", evidence: "another database" },
    ]);
    expect(elsewhere([])).toEqual([{ layer: "connection", evidence: "another database" }]);
    const kept = [{ layer: "policy", evidence: "42501 check" }] as const;
    expect(elsewhere(kept)).toEqual(kept);
  });
  it("takes rows that were not there for a policy only when nothing was refused", () => {
    const query: Entry = { kind: "query", area: "x", rows: 0 };
    expect(stopsOf([query])).toEqual([{ layer: "policy", evidence: "0 rows" }]);
    expect(layers(query, refused(sqlError("42501")))).toEqual(["grant"]);
  });
  it("explains nothing by an error that merely follows, or by no evidence", () => {
    expect(layers(refused(sqlError("42P01")))).toEqual([]);
    expect(layers()).toEqual([]);
  });
});
