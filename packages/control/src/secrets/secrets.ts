/**
 * Secrets by reference. The catalog holds `env:NAME`, `file:/path` or `<store>:<name>` and never what stands there. Must never put a
 * secret's value into an error or a log.
 */
import { readFile } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { controlError } from "../errors/control-error.ts";

/** A place that keeps secrets, for example Vault or a cloud's secret manager. */
export interface SecretStore {
  /** @returns undefined when there is no such secret */
  read(name: string): Promise<string | undefined>;
  /** Stores a secret that was made here (a password of a tenant's role). */
  write(name: string, value: string): Promise<void>;
  /** A second call changes nothing. */
  remove(name: string): Promise<void>;
}

/** Reads references, and keeps what is made here. */
export interface Secrets {
  /** @throws ControlError WT_SECRET */
  read(reference: string): Promise<string>;
  /** Stores a new secret under a name. @returns the reference for the catalog */
  keep(name: string, value: string): Promise<string>;
  /** The reference that {@link Secrets.keep} gives for a name, before anything is kept there. */
  reference(name: string): string;
  remove(reference: string): Promise<void>;
}

/** Which stores there are, and which one keeps new secrets. */
export interface SecretsOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** By the prefix of their references. `env` and `file` are taken. */
  readonly stores?: Readonly<Record<string, SecretStore>>;
  /** Prefix of the store that keeps new secrets. */
  readonly keepIn: string;
}

/**
 * Secrets from the environment, files and stores.
 * @example const secrets = openSecrets({ stores: { local: fileStore("/var/lib/watertight/secrets") }, keepIn: "local" });
 */
export function openSecrets({ env = process.env, stores = {}, keepIn }: SecretsOptions): Secrets {
  const storeOf = (prefix: string): SecretStore => {
    const store = Object.hasOwn(stores, prefix) ? stores[prefix] : undefined;
    if (store === undefined) throw controlError("WT_SECRET", { detail: `no store ${JSON.stringify(prefix)}` });
    return store;
  };
  const parse = (reference: string): [prefix: string, name: string] => {
    const at = reference.indexOf(":");
    if (at < 1) throw controlError("WT_SECRET", { detail: "not a reference" });
    return [reference.slice(0, at), reference.slice(at + 1)];
  };
  return {
    async read(reference) {
      const [prefix, name] = parse(reference);
      if (prefix === "env") {
        const value = env[name];
        if (value === undefined || value === "")
          throw controlError("WT_SECRET", { detail: `the variable ${name} is not set` });
        return value;
      }
      if (prefix === "file") return readSecretFile(name);
      const value = await storeOf(prefix).read(name);
      if (value === undefined) throw controlError("WT_SECRET", { detail: `${prefix} has no secret ${name}` });
      return value;
    },
    async keep(name, value) {
      await storeOf(keepIn).write(name, value);
      return `${keepIn}:${name}`;
    },
    reference: (name) => `${keepIn}:${name}`,
    async remove(reference) {
      const [prefix, name] = parse(reference);
      if (prefix !== "env" && prefix !== "file") await storeOf(prefix).remove(name);
    },
  };
}

/**
 * A text that is a reference, by the rule that the catalog keeps as well: for what is written down before the catalog's own column sees it.
 * @throws ControlError WT_SECRET, which never holds the text
 */
export function asReference(text: string, field: string): string {
  if (/^[a-z][a-z0-9+-]*:\S+$/.test(text) && !/:\/\/|[\s=]/.test(text)) return text;
  throw controlError("WT_SECRET", { detail: `${field} is not a reference` });
}

async function readSecretFile(path: string): Promise<string> {
  if (!isAbsolute(path)) throw controlError("WT_SECRET", { detail: `file:${path} is not an absolute path` });
  let value: string;
  try {
    value = (await readFile(path, "utf8")).replace(/\r?\n$/, "");
  } catch (error) {
    throw controlError("WT_SECRET", {
      detail: `file:${path}: ${(error as NodeJS.ErrnoException).code ?? "unreadable"}`,
    });
  }
  if (value === "") throw controlError("WT_SECRET", { detail: `file:${path} is empty` });
  return value;
}
