/** Connection strings on a cell, made from the provisioner's. Must never print one: they hold passwords. */
import { controlError } from "../errors/control-error.ts";

/** The same server, another database; and another role where one is given. */
export function cellUrl(
  adminUrl: string,
  database: string | undefined,
  login?: { readonly role: string; readonly password: string },
): string {
  let url: URL;
  try {
    url = new URL(adminUrl);
  } catch {
    throw controlError("WT_SECRET", { detail: "the provisioner's connection string is not a postgres:// URL" });
  }
  if (database !== undefined) url.pathname = `/${encodeURIComponent(database)}`;
  if (login !== undefined) {
    url.username = encodeURIComponent(login.role);
    url.password = encodeURIComponent(login.password);
  }
  return url.href;
}
