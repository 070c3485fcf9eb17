/**
 * Operation `tenant.delete`, for two people: service ends at once, the data stays for the time of grace, in which a cancel brings everything back.
 * After that there is no way back: rows or objects, secrets, and a certificate whose hash stands in the audit log.
 */
import { createHash } from "node:crypto";
import { appendAudit } from "../../audit-log/append-audit.ts";
import { retirePlacement, setLocationState } from "../../catalog/placements.ts";
import { getTenant, moveTenantState } from "../../catalog/tenants.ts";
import { withConnection } from "../../db/transaction.ts";
import { getOperation } from "../../operations/operation-rows.ts";
import type { OperationKind, Step } from "../../operations/operation.ts";
import { Pause } from "../../operations/pause.ts";
import { activePlaces, fenceTenant, moveTenant, type OneTenant } from "../lifecycle-kinds.ts";
import type { ProvisioningOptions } from "../place.ts";
import { parseTenantOnly, wrong } from "../tenant-input.ts";
import { type Removed, removeFromPlace } from "./remove-place.ts";

/** Thirty days. */
const defaultGraceMs = 30 * 24 * 3600_000;

/** What is asked for. */
export interface DeleteTenant extends OneTenant {
  /** Milliseconds; default: the setting's. */
  readonly graceMs?: number;
}

/** The kind. */
export function deleteTenantKind(options: ProvisioningOptions): OperationKind<DeleteTenant> {
  return {
    kind: "tenant.delete",
    fourEyes: true,
    parse(input) {
      const { graceMs } = input;
      if (graceMs !== undefined && (typeof graceMs !== "number" || !(graceMs >= 0 && graceMs < 1e12)))
        throw wrong("graceMs is no number of milliseconds");
      return { ...parseTenantOnly(input, ["graceMs"]), ...(graceMs === undefined ? {} : { graceMs }) };
    },
    subject: ({ tenant }) => `tenant:${tenant}`,
    steps: () => [
      moveTenant({ from: ["active", "suspended", "maintenance", "archived", "provisioning"], to: "archived" }),
      fenceTenant(options, "suspended"),
      graceStep(options),
      removeStep(options),
      certificateStep(),
    ],
  };
}

function graceStep(options: ProvisioningOptions): Step<DeleteTenant> {
  return {
    name: "grace",
    observe: async ({ catalog, input }) => {
      const { deleteAfter } = await withConnection(catalog, (db) => getTenant(db, input.tenant));
      return deleteAfter !== null && deleteAfter.getTime() <= Date.now();
    },
    async act(context) {
      const grace = context.input.graceMs ?? options.graceMs ?? defaultGraceMs;
      const until = await context.commit(async (tx) => {
        const { rows } = await tx.query(
          `update watertight_catalog.tenant set delete_after = coalesce(delete_after, clock_timestamp() + $2 * interval '1 ms'), version = version + 1
            where id = $1 returning delete_after as until`,
          [context.input.tenant, grace],
        );
        return rows[0]!["until"] as Date;
      });
      context.failpoint("grace.inside");
      if (until.getTime() > Date.now()) throw new Pause(until);
    },
    undo: (context) =>
      context.commit(async (tx) => {
        await tx.query(
          "update watertight_catalog.tenant set delete_after = null, version = version + 1 where id = $1",
          [context.input.tenant],
        );
      }),
  };
}

function removeStep(options: ProvisioningOptions): Step<DeleteTenant> {
  return {
    name: "remove",
    pointOfNoReturn: true,
    observe: async (context) => (await activePlaces(context as never, context.input.tenant)).length === 0,
    async act(context) {
      for (const place of await activePlaces(context as never, context.input.tenant)) {
        const removed = await removeFromPlace(context as never, options, place, context.input.tenant);
        context.failpoint("remove.inside");
        await context.commit(async (tx) => {
          await retirePlacement(tx, context.actor, context.input.tenant, place.service, place.id);
          if (place.model === "database" || place.model === "schema")
            await setLocationState(tx, context.actor, place.id, "retired");
          // written where the place is struck off: the certificate must know what a worker that died had removed
          await tx.query(
            "update watertight_catalog.operation set output = jsonb_set(output, '{removed}', coalesce(output -> 'removed', '[]') || $2::jsonb) where id = $1",
            [context.operation.id, JSON.stringify([removed])],
          );
        });
      }
    },
  };
}

function certificateStep(): Step<DeleteTenant> {
  return {
    name: "certificate",
    observe: async ({ catalog, input }) =>
      (await withConnection(catalog, (db) => getTenant(db, input.tenant))).state === "deleted",
    async act(context) {
      await context.commit(async (tx) => {
        const operation = await getOperation(tx, context.operation.id);
        const { slug } = await getTenant(tx, context.input.tenant);
        const certificate = {
          tenant: context.input.tenant,
          slug,
          operation: operation.id,
          requestedBy: operation.requestedBy,
          approvedBy: operation.approvedBy,
          requestedAt: operation.createdAt.toISOString(),
          deletedAt: new Date().toISOString(),
          removed: (operation.output["removed"] ?? []) as Removed[],
          notCovered: "Backups that were taken before hold the data until they expire.",
        };
        const text = JSON.stringify(certificate);
        const sha256 = createHash("sha256").update(text).digest("hex");
        await appendAudit(tx, context.actor, "tenant.certificate", `tenant:${context.input.tenant}`, {
          sha256,
          operation: operation.id,
        });
        await tx.query("update watertight_catalog.operation set output = output || $2 where id = $1", [
          operation.id,
          JSON.stringify({ certificate: text, sha256 }),
        ]);
        await moveTenantState(tx, context.actor, context.input.tenant, ["archived"], "deleted");
      });
    },
  };
}
