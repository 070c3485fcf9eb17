/**
 * The provisioner's session in a database of a cell: fenced by the operation's lease, every statement in the audit log, the server's refusals
 * as typed errors. Must never be opened by anything but a step of an operation.
 */
import type { Queryable } from "@watertight/schema";
import type { Cell } from "../catalog/cells.ts";
import { controlError } from "../errors/control-error.ts";
import type { StepContext } from "../operations/operation.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { cellUrl } from "./cell-url.ts";
import { onCell, onSharedSession, type SessionLimits } from "./fenced-session.ts";
import { loggedSession } from "./statement-log.ts";

/** Where to. */
export interface CellAddress {
  readonly cell: Pick<Cell, "id" | "adminSecret">;
  /** Default: the database of the provisioner's connection string. */
  readonly database?: string;
}

/** Limits of the session that steps share: a copy may take its time on a slow disk. */
const usual: SessionLimits = { statementMs: 300_000 };

/**
 * Runs `fn` as the cell's provisioner, on the session that the steps of the run share; with limits, on one of its own.
 * @throws ControlError WT_CELL_UNREACHABLE, WT_CELL_DISK_FULL, WT_CELL_TEMPLATE, WT_CELL_PRIVILEGE, WT_OPERATION_LEASE_LOST
 */
export async function onPlace<T>(
  context: StepContext<never>,
  secrets: Secrets,
  { cell, database }: CellAddress,
  fn: (session: Queryable) => Promise<T>,
  limits?: SessionLimits,
): Promise<T> {
  const url = cellUrl(await adminUrl(context.run, secrets, cell.adminSecret), database);
  const logged = async (client: Queryable): Promise<T> => {
    const { session, flush } = loggedSession(context, cell.id, database, client);
    try {
      return await fn(session);
    } catch (error) {
      throw refusal(error, cell.id);
    } finally {
      flush();
    }
  };
  return limits === undefined ? onSharedSession(context, url, logged, usual) : onCell(context, url, logged, limits);
}

const read = new WeakMap<object, Map<string, Promise<string>>>();

/** The provisioner's connection string, read once a run: one that was changed meanwhile counts from the next run on. */
async function adminUrl(run: object, secrets: Secrets, reference: string): Promise<string> {
  const known = read.get(run) ?? new Map<string, Promise<string>>();
  read.set(run, known);
  const reading = known.get(reference) ?? secrets.read(reference);
  known.set(reference, reading);
  return reading.catch((error: unknown) => {
    known.delete(reference);
    throw error;
  });
}

/** The server's own refusals that a person must hear in our words. */
function refusal(error: unknown, cell: string): unknown {
  const { code, message } = error as { code?: string; message?: string };
  if (code === "53100") return controlError("WT_CELL_DISK_FULL", { detail: `cell ${cell}`, cause: error });
  // a full disk in the middle of a copy is sometimes told as an I/O error
  if (code === "58030" && /no space left/i.test(message ?? ""))
    return controlError("WT_CELL_DISK_FULL", { detail: `cell ${cell}`, cause: error });
  if (code === "55006") return controlError("WT_CELL_TEMPLATE", { detail: `cell ${cell}`, cause: error });
  if (code === "42501" || code === "WT_KIT_PRIVILEGE")
    return controlError("WT_CELL_PRIVILEGE", { detail: `cell ${cell}: ${message}`, cause: error });
  return error;
}
