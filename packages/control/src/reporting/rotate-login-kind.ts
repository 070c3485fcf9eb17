/**
 * Operation `login.rotate`: a new password for a place's login. The new secret is kept before the server knows it, the catalog names it before the
 * old one goes, so that a worker that dies anywhere leaves a password that somebody can find. Applications hear of it by their routes; sessions
 * that are open stay. Must never put a password into a statement or an output.
 */
import { quoteName, quoteText, type Queryable } from "@watertight/schema";
import { appendAudit } from "../audit-log/append-audit.ts";
import { onPlace } from "../cells/on-place.ts";
import { newPassword, scramVerifier } from "../cells/scram.ts";
import { withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { OperationKind, StepContext } from "../operations/operation.ts";
import { findPlace, type Place } from "../provision/place.ts";
import { only, text, wrong } from "../provision/tenant-input.ts";
import type { Secrets } from "../secrets/secrets.ts";

/** Whose password. */
export interface RotateLogin {
  /** Name of the login: unique in its cell. */
  readonly login: string;
  /** Where several cells have such a login. */
  readonly cell?: string;
}

/** Where the catalog names a login and its secret. */
interface Found {
  readonly place: Place;
  readonly secret: string;
}

/** The kind. */
export function rotateLoginKind(secrets: Secrets): OperationKind<RotateLogin> {
  const fresh = ({ operation }: StepContext<RotateLogin>): string => `${operation.id}-login`;
  const setPassword = async (context: StepContext<RotateLogin>, reference: string): Promise<void> => {
    const { place } = await find(context);
    const verifier = scramVerifier(await secrets.read(reference));
    await onPlace(context as never, secrets, { cell: place.onCell }, (session) =>
      session.query(`alter role ${quoteName(context.input.login)} password ${quoteText(verifier)}`),
    );
  };
  return {
    kind: "login.rotate",
    parse(input) {
      only(input, ["login", "cell"]);
      const login = text(input, "login");
      const cell = text(input, "cell");
      if (login === undefined || login === "") throw wrong("login is missing");
      return { login, ...(cell === undefined ? {} : { cell }) };
    },
    subject: ({ login, cell }) => `login:${cell ?? ""}:${login}`,
    steps: () => [
      {
        name: "secret",
        observe: async (context) => context.output["old"] !== undefined,
        async act(context) {
          const { secret } = await find(context);
          // what somebody else keeps, somebody else must change: the old password would stay in their store
          if (secret.slice(0, secret.indexOf(":")) !== secrets.reference("").slice(0, -1))
            throw controlError("WT_SECRET", {
              detail: `the password of ${context.input.login} is kept at ${secret.slice(0, secret.indexOf(":"))}:`,
              next: "Change it there, then on the server: alter role … password.",
            });
          // a worker that died here may have kept one already, and nobody uses it yet
          await secrets.keep(fresh(context), newPassword());
          return { old: secret };
        },
        undo: (context) => secrets.remove(secrets.reference(fresh(context))),
      },
      {
        name: "password",
        // a verifier cannot be read back: done again under each lease, which harms nothing
        observe: async ({ output, operation }) => output["changed"] === operation.leaseToken,
        async act(context) {
          await setPassword(context, secrets.reference(fresh(context)));
          context.failpoint("password.inside");
          return { changed: context.operation.leaseToken };
        },
        undo: (context) => setPassword(context, context.output["old"] as string),
      },
      {
        name: "name",
        pointOfNoReturn: true,
        observe: async (context) => (await find(context)).secret === secrets.reference(fresh(context)),
        async act(context) {
          const { place } = await find(context);
          await context.commit((tx) => rename(tx, context, place.cell, secrets.reference(fresh(context))));
        },
      },
      {
        name: "old",
        observe: async ({ output }) =>
          secrets.read(output["old"] as string).then(
            () => false,
            () => true,
          ),
        act: ({ output }) => secrets.remove(output["old"] as string),
      },
    ],
  };
}

async function find({ catalog, input }: StepContext<RotateLogin>): Promise<Found> {
  return withConnection(catalog, async (db) => {
    const { rows } = await db.query(
      `select distinct on (x.cell) x.cell, x.location, x.secret from (
         select l.cell, l.id as location, case $1 when l.rw_role then l.rw_secret else l.ro_secret end as secret
           from watertight_catalog.location l where $1 in (l.rw_role, l.ro_role) and l.state = 'ready'
         union all select l.cell, l.id, r.secret from watertight_catalog.reporting r join watertight_catalog.location l on l.id = r.location where r.login = $1) x
        where $2::text is null or x.cell = $2 order by x.cell, x.location`,
      [input.login, input.cell ?? null],
    );
    const [row] = rows as { location: string; secret: string }[];
    const place = row === undefined ? undefined : await findPlace(db, row.location);
    if (row === undefined || place === undefined)
      throw controlError("WT_CATALOG_NOT_FOUND", {
        detail: `login ${input.login}`,
        next: "List them: watertight roles list --location <id>.",
      });
    if (rows.length > 1)
      throw controlError("WT_CATALOG_INPUT", {
        detail: `${rows.length} cells have a login ${input.login}: name the cell`,
      });
    return { place, secret: row.secret };
  });
}

// Every place that this login serves: tenants with a schema share the login of the pool that they lie in.
async function rename(
  tx: Queryable,
  context: StepContext<RotateLogin>,
  cell: string,
  reference: string,
): Promise<void> {
  const { login } = context.input;
  for (const [role, secret] of [
    ["rw_role", "rw_secret"],
    ["ro_role", "ro_secret"],
  ] as const)
    await tx.query(
      `update watertight_catalog.location set ${secret} = $3, version = version + 1 where cell = $1 and ${role} = $2`,
      [cell, login, reference],
    );
  await tx.query(
    "update watertight_catalog.reporting r set secret = $3 from watertight_catalog.location l where l.id = r.location and l.cell = $1 and r.login = $2",
    [cell, login, reference],
  );
  await appendAudit(tx, context.actor, "login.rotated", `login:${cell}:${login}`, {
    operation: context.operation.id,
    requestedBy: context.operation.requestedBy,
  });
}
