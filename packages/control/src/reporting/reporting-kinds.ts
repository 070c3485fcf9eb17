/**
 * Operations `reporting.begin` and `reporting.end`: a login of one place that reads across its tenants, for some hours, with a reason. The permission
 * stands in the place's own database, which also ends it; the catalog and the audit log know who asked and why. Must never leave a login behind
 * that an operation did not finish.
 */
import { appendAudit } from "../audit-log/append-audit.ts";
import { writeEvent } from "../catalog/outbox.ts";
import { onPlace } from "../cells/on-place.ts";
import { newPassword, scramVerifier } from "../cells/scram.ts";
import { withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { OperationKind, Step, StepContext } from "../operations/operation.ts";
import { findPlace, type Place } from "../provision/place.ts";
import { settle } from "../provision/place-roles.ts";
import { only, text, wrong } from "../provision/tenant-input.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { dropReportingLogin, makeReportingLogin, reportingName, reportStatementMs } from "./reporting-login.ts";
import { findReporting, type ReportingLogin } from "./reporting-row.ts";
import { testReportingLogin } from "./test-login.ts";

/** What is asked for. */
export interface BeginReporting {
  readonly location: string;
  readonly reason: string;
  /** 1 to 744: 31 days at most. */
  readonly hours: number;
}

/** What ends. */
export interface EndReporting {
  readonly location: string;
}

type At = StepContext<{ readonly location: string }>;

function inputOf(input: Readonly<Record<string, unknown>>, others: readonly string[]): string {
  only(input, ["location", ...others]);
  const location = text(input, "location");
  if (location === undefined || location === "") throw wrong("location is missing");
  return location;
}

const subject = ({ location }: { readonly location: string }): string => `reporting:${location}`;

/** Switches it on. */
export function beginReportingKind(secrets: Secrets): OperationKind<BeginReporting> {
  return {
    kind: "reporting.begin",
    parse(input) {
      const location = inputOf(input, ["reason", "hours"]);
      const reason = text(input, "reason")?.trim() ?? "";
      if (reason === "" || reason.length > 500) throw wrong("a reason is missing: why tenants are read together");
      const hours = input["hours"] ?? 24;
      if (typeof hours !== "number" || !(hours > 0 && hours <= 744)) throw wrong("hours is 1 to 744");
      return { location, reason, hours };
    },
    subject,
    steps: () => [
      noteStep(secrets),
      secretStep(secrets),
      loginStep(secrets),
      permitStep(secrets),
      testStep(secrets),
      tellStep(),
    ],
  };
}

/** How the end is asked for. */
export const endReportingRequest: Omit<OperationKind<EndReporting>, "steps"> = {
  kind: "reporting.end",
  parse: (input) => ({ location: inputOf(input, []) }),
  subject,
};

/** Switches it off. */
export function endReportingKind(secrets: Secrets): OperationKind<EndReporting> {
  return {
    ...endReportingRequest,
    steps: () => [
      {
        // where there is nothing to end, nothing was begun: a failure after this could only be resumed
        name: "find",
        observe: async ({ output }) => output["login"] !== undefined,
        act: async (context) => ({ login: (await rowOf(context)).login }),
      },
      {
        name: "refuse",
        pointOfNoReturn: true,
        observe: async (context) => {
          const { login } = await rowOf(context);
          return inPlace(context, secrets, async (session) => !(await permitted(session, login)));
        },
        act: async (context) => {
          const { login } = await rowOf(context);
          await inPlace(context, secrets, (session) => endIn(session, login, context.operation.requestedBy));
        },
      },
      {
        name: "drop",
        observe: async (context) => {
          const { login } = await rowOf(context);
          return inPlace(context, secrets, async (session) => {
            const { rows } = await session.query("select 1 from pg_catalog.pg_roles where rolname = $1", [login]);
            return rows.length === 0;
          });
        },
        act: async (context) => {
          const { login, operation } = await rowOf(context);
          await inPlace(context, secrets, (session) => dropReportingLogin(session, operation, login));
        },
      },
      {
        name: "forget",
        observe: async ({ catalog, input }) =>
          (await withConnection(catalog, (db) => findReporting(db, input.location))) === undefined,
        act: async (context) => {
          const row = await rowOf(context);
          await secrets.remove(row.secret);
          await forget(context, row, "reporting.off");
        },
      },
    ],
  };
}

type Session = Parameters<Parameters<typeof onPlace>[3]>[0];

async function placeAt(context: At): Promise<Place> {
  const place = await withConnection(context.catalog, (db) => findPlace(db, context.input.location));
  if (place === undefined || place.state !== "ready")
    throw controlError("WT_CATALOG_NOT_FOUND", { detail: `a place ${context.input.location} that is ready` });
  return place;
}

async function inPlace<T>(context: At, secrets: Secrets, fn: (session: Session) => Promise<T>): Promise<T> {
  const { onCell, database } = await placeAt(context);
  return onPlace(context as never, secrets, { cell: onCell, database }, fn);
}

async function rowOf({ catalog, input }: At): Promise<ReportingLogin> {
  const row = await withConnection(catalog, (db) => findReporting(db, input.location));
  if (row === undefined)
    throw controlError("WT_CATALOG_NOT_FOUND", {
      detail: `reporting at ${input.location}: it is off`,
      next: "List what there is: watertight roles list.",
    });
  return row;
}

async function permitted(session: Session, login: string): Promise<boolean> {
  const { rows } = await session.query("select 1 from watertight.reporting where login = $1", [login]);
  return rows.length > 0;
}

async function endIn(session: Session, login: string, by: string): Promise<void> {
  await session.query("select watertight.end_reporting($1, $2)", [login, by]);
}

async function forget(context: At, row: ReportingLogin, action: string): Promise<void> {
  await context.commit(async (tx) => {
    await tx.query("delete from watertight_catalog.reporting where location = $1 and operation = $2", [
      row.location,
      row.operation,
    ]);
    await appendAudit(tx, context.actor, action, `location:${row.location}`, {
      login: row.login,
      requestedBy: context.operation.requestedBy,
    });
    await writeEvent(tx, action, undefined, { location: row.location, login: row.login });
  });
}

function noteStep(secrets: Secrets): Step<BeginReporting> {
  return {
    name: "note",
    async before(context) {
      const place = await placeAt(context);
      if (place.schema !== null)
        throw controlError("WT_CATALOG_INPUT", {
          detail: `${place.id} is one tenant's schema: name the pool that it lies in`,
        });
      const row = await withConnection(context.catalog, (db) => findReporting(db, place.id));
      if (row !== undefined && row.operation !== context.operation.id)
        throw controlError("WT_CATALOG_STATE", {
          detail: `reporting at ${place.id} is on until ${row.until.toISOString()}`,
          next: "End it first: watertight roles reporting off.",
        });
    },
    observe: async ({ catalog, input, operation }) =>
      (await withConnection(catalog, (db) => findReporting(db, input.location)))?.operation === operation.id,
    async act(context) {
      const { input, operation, actor } = context;
      const login = reportingName((await placeAt(context)).database);
      await context.commit(async (tx) => {
        await tx.query(
          `insert into watertight_catalog.reporting (location, login, secret, reason, until, requested_by, operation)
           values ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 hour', $6, $7)`,
          [
            input.location,
            login,
            secrets.reference(`${operation.id}-report`),
            input.reason,
            input.hours,
            operation.requestedBy,
            operation.id,
          ],
        );
        await appendAudit(tx, actor, "reporting.begun", `location:${input.location}`, {
          login,
          reason: input.reason,
          hours: input.hours,
          requestedBy: operation.requestedBy,
        });
      });
    },
    async undo(context) {
      const row = await withConnection(context.catalog, (db) => findReporting(db, context.input.location));
      if (row?.operation === context.operation.id) await forget(context, row, "reporting.undone");
    },
  };
}

function secretStep(secrets: Secrets): Step<BeginReporting> {
  const name = (context: StepContext<BeginReporting>): string => `${context.operation.id}-report`;
  return {
    name: "secret",
    observe: (context) =>
      secrets.read(secrets.reference(name(context))).then(
        () => true,
        () => false,
      ),
    act: async (context) => void (await secrets.keep(name(context), newPassword())),
    undo: (context) => secrets.remove(secrets.reference(name(context))),
  };
}

function loginStep(secrets: Secrets): Step<BeginReporting> {
  return {
    name: "login",
    async observe(context) {
      const { login } = await rowOf(context);
      return inPlace(context, secrets, async (session) => {
        const { rows } = await session.query(
          "select 1 from pg_catalog.pg_roles where rolname = $1 and pg_catalog.has_database_privilege(oid, pg_catalog.current_database(), 'connect')",
          [login],
        );
        return rows.length > 0 && context.output["login"] === login;
      });
    },
    async act(context) {
      const { login, secret, until } = await rowOf(context);
      const place = await placeAt(context);
      await context.willMake({ cell: place.cell, kind: "role", name: login });
      context.failpoint("login.promised");
      const verifier = scramVerifier(await secrets.read(secret));
      await inPlace(context, secrets, (session) =>
        makeReportingLogin(session, context.operation.id, { name: login, verifier, until }),
      );
      return { login };
    },
    async undo(context) {
      const row = await withConnection(context.catalog, (db) => findReporting(db, context.input.location));
      if (row?.operation === context.operation.id)
        await inPlace(context, secrets, (session) => dropReportingLogin(session, context.operation.id, row.login));
      await settle(context, "role");
    },
  };
}

function permitStep(secrets: Secrets): Step<BeginReporting> {
  return {
    name: "permit",
    observe: async (context) => {
      const { login } = await rowOf(context);
      return inPlace(context, secrets, (session) => permitted(session, login));
    },
    async act(context) {
      const { login, until, reason, requestedBy } = await rowOf(context);
      await inPlace(context, secrets, (session) =>
        session.query("select watertight.begin_reporting($1, $2, $3, $4, $5)", [
          login,
          until.toISOString(),
          reason,
          requestedBy,
          reportStatementMs,
        ]),
      );
    },
    async undo(context) {
      const row = await withConnection(context.catalog, (db) => findReporting(db, context.input.location));
      if (row?.operation === context.operation.id)
        await inPlace(context, secrets, (session) => endIn(session, row.login, context.operation.requestedBy));
    },
  };
}

function testStep(secrets: Secrets): Step<BeginReporting> {
  return {
    name: "test",
    // done again under each lease: what held when a worker died need not hold now
    observe: async ({ output, operation }) => output["tested"] === operation.leaseToken,
    async act(context) {
      const { login, secret } = await rowOf(context);
      const { onCell, database } = await placeAt(context);
      await testReportingLogin(
        await secrets.read(onCell.adminSecret),
        database,
        { role: login, password: await secrets.read(secret) },
        context.operation.id,
      );
      return { tested: context.operation.leaseToken };
    },
  };
}

function tellStep(): Step<BeginReporting> {
  return {
    name: "tell",
    observe: async (context) => (await rowOf(context)).state === "on",
    async act(context) {
      const { location, login, until, reason, requestedBy } = await rowOf(context);
      await context.commit(async (tx) => {
        await tx.query("update watertight_catalog.reporting set state = 'on' where location = $1", [location]);
        const told = { login, until: until.toISOString(), reason, requestedBy };
        await appendAudit(tx, context.actor, "reporting.on", `location:${location}`, told);
        await writeEvent(tx, "reporting.on", undefined, { location, ...told });
      });
      return { until: until.toISOString() };
    },
  };
}
