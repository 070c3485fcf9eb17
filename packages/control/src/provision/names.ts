/**
 * Names of databases, schemas and roles: generated, ASCII, at most 63 bytes with every suffix. Must never hand a tenant's own text to the
 * server as it is: slugs and ids come from people.
 */
import { createHash } from "node:crypto";

/** Bytes of a place's name at most: PostgreSQL's 63 less the longest suffix. */
const longest = 56;

/**
 * Name of a place: something of the slug for people, then a hash for the machine.
 * @param salt what makes it unique: the tenant's id and the operation
 * @example placeName("acme-gmbh", "7a0e… op_1hf…") // t_acme_gmbh_6f1d2c3b4a59
 */
export function placeName(slug: string, salt: string): string {
  const readable = slug
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_|_$/g, "");
  const hash = createHash("sha256").update(`${salt}\0${slug}`).digest("hex").slice(0, 12);
  const part = readable.slice(0, longest - "t__".length - hash.length).replace(/_$/, "");
  return part === "" ? `t_${hash}` : `t_${part}_${hash}`;
}

/** The roles of a database of its own. */
export interface PlaceRoles {
  /** NOLOGIN; whoever is in it may connect, and nobody else. Generated pg_hba lines name it. */
  readonly group: string;
  /** LOGIN; reads and writes. */
  readonly rw: string;
  /** LOGIN; reads. */
  readonly ro: string;
}

/** Names of the roles of a database. */
export function placeRoles(database: string): PlaceRoles {
  return { group: `${database}_in`, rw: `${database}_rw`, ro: `${database}_ro` };
}

/** Name of the template database of a service's schema version. */
export function templateName(service: string, version: number): string {
  return service === "main" ? `tmpl_v${version}` : `tmpl_${service.replaceAll("-", "_")}_v${version}`;
}

/** Name of a database while an operation makes it: its tag, until a comment can carry one. */
export function unfinishedName(operation: string): string {
  return `making_${operation}`;
}

/** Name of the copy in which a template is attacked before it is one. */
export function triedName(operation: string): string {
  return `trying_${operation}`;
}

/** What a database, schema or role carries as its comment. */
export function tagOf(operation: string): string {
  return `watertight operation ${operation}`;
}
