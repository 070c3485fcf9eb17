/**
 * Secrets in a folder that only this user may enter. Must never leave half a secret where a whole one was, nor follow a link out of the folder,
 * nor put a secret's value into an error.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { controlError } from "../errors/control-error.ts";
import type { SecretStore } from "./secrets.ts";

/**
 * A store in a folder that only this user may enter: one file a secret, mode 0600. For one machine; several machines want a real store.
 * @param folder made when it is not there; refused when others may enter it
 */
export function fileStore(folder: string): SecretStore {
  const root = resolve(folder);
  const place = (name: string): string => {
    // a lone half of a surrogate pair has no bytes in UTF-8; a file's name has 255 of them, some for the file that is written first
    const file = /\p{Surrogate}/u.test(name) ? "" : encodeURIComponent(name).replaceAll(".", "%2E");
    if (file === "" || file.length > 230) throw controlError("WT_SECRET", { detail: "not a name for a secret" });
    return join(root, file);
  };
  const said = (error: unknown): Error =>
    controlError("WT_SECRET", {
      detail: `the folder of secrets: ${(error as NodeJS.ErrnoException).code ?? "unusable"}`,
    });
  return {
    async read(name) {
      try {
        return await readFile(place(name), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw isOurs(error) ? error : said(error);
      }
    },
    async write(name, value) {
      const path = place(name);
      const fresh = join(root, `.${randomBytes(8).toString("hex")}.new`);
      try {
        await mkdir(root, { recursive: true, mode: 0o700 });
        const { mode } = await stat(root);
        if (process.platform !== "win32" && (mode & 0o077) !== 0)
          throw controlError("WT_SECRET", {
            detail: "others may enter the folder of secrets",
            next: `Close it: chmod 700 ${root}`,
          });
        const file = await open(fresh, "wx", 0o600);
        try {
          await file.writeFile(value);
          await file.sync();
        } finally {
          await file.close();
        }
        // whole or not at all, in place of whatever stood there, a link as well
        await rename(fresh, path);
      } catch (error) {
        await rm(fresh, { force: true }).catch(() => {});
        throw isOurs(error) ? error : said(error);
      }
    },
    async remove(name) {
      await rm(place(name), { force: true }).catch((error: unknown) => {
        throw said(error);
      });
    },
  };
}

const isOurs = (error: unknown): boolean => (error as { code?: string }).code === "WT_SECRET";
