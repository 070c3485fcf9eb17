/** What the catalog's own constraints say, as typed errors: the database is the judge, this is only its interpreter. */
import { type ControlError, controlError } from "../errors/control-error.ts";

/** Turns an error of PostgreSQL into ours where it means that the input was wrong; throws everything else as it is. */
export function refused(error: unknown, what: string): ControlError {
  const { code, constraint } = error as { code?: string; constraint?: string };
  if (code === "23505")
    return controlError("WT_CATALOG_DUPLICATE", { detail: `${what}: ${constraint ?? "unique"}`, cause: error });
  if (code === "23503")
    return controlError("WT_CATALOG_NOT_FOUND", { detail: `${what}: ${constraint ?? "reference"}`, cause: error });
  if (
    code === "23514" ||
    code === "22021" ||
    code === "22P05" ||
    code === "22003" ||
    code === "22P02" ||
    code === "23502"
  )
    return controlError("WT_CATALOG_INPUT", {
      detail: `${what}: ${constraint ?? (error as Error).message}`,
      cause: error,
    });
  throw error;
}
