/** Reads the input of operations on tenants, whoever sent it. Must refuse what it does not know instead of passing it on. */
import type { Model, NewTenant } from "../catalog/tenants.ts";
import { controlError } from "../errors/control-error.ts";

/** What `tenant.create` is asked for. */
export interface CreateTenant {
  readonly tenant: NewTenant;
  readonly model: Model;
  /** Default `main`. */
  readonly service: string;
  readonly region?: string;
  readonly cell?: string;
  /** A certain pool or silo; for model `schema` the pool in whose database the schema is made. */
  readonly location?: string;
}

type Input = Readonly<Record<string, unknown>>;

const models: readonly string[] = ["pool", "schema", "database", "silo"];

/** @throws ControlError WT_CATALOG_INPUT */
export function parseCreateTenant(input: Input): CreateTenant {
  only(input, ["tenant", "model", "service", "region", "cell", "location"]);
  const model = text(input, "model");
  if (model === undefined || !models.includes(model))
    throw wrong(`model ${JSON.stringify(input["model"])}: one of ${models.join(", ")}`);
  const location = text(input, "location");
  if (model === "silo" && location === undefined)
    throw wrong("a tenant of model silo names its location: silo.create makes one");
  if (model === "database" && location !== undefined)
    throw wrong("a tenant of model database gets a location of its own");
  return {
    tenant: parseTenant(input["tenant"]),
    model: model as Model,
    service: text(input, "service") ?? "main",
    ...optional("region", text(input, "region")),
    ...optional("cell", text(input, "cell")),
    ...optional("location", location),
  };
}

/** A tenant of an input. @throws ControlError WT_CATALOG_INPUT */
export function parseTenant(value: unknown): NewTenant {
  if (typeof value !== "object" || value === null) throw wrong("tenant is missing");
  const tenant = value as Input;
  only(tenant, ["id", "slug", "name", "tier", "hostnames", "limits", "metadata"]);
  const id = text(tenant, "id");
  const slug = text(tenant, "slug");
  if (id === undefined || slug === undefined) throw wrong("a tenant needs id and slug");
  if (id === "" || id.includes("\0") || Buffer.byteLength(id) > 200) throw wrong("tenant id: 1 to 200 bytes, no NUL");
  // a lone surrogate has no UTF-8: two different ids would become one
  if (Buffer.from(id).toString() !== id) throw wrong("tenant id: not well-formed Unicode");
  return { ...(tenant as Partial<NewTenant>), id, slug, name: text(tenant, "name") ?? slug };
}

/** An id of a tenant, with nothing else or with known fields. @throws ControlError WT_CATALOG_INPUT */
export function parseTenantOnly(input: Input, more: readonly string[] = []): { readonly tenant: string } {
  only(input, ["tenant", ...more]);
  const tenant = text(input, "tenant");
  if (tenant === undefined || tenant === "") throw wrong("tenant is missing");
  return { tenant };
}

/** A text field. @throws ControlError WT_CATALOG_INPUT */
export function text(input: Input, field: string): string | undefined {
  const value = input[field];
  if (value === undefined || typeof value === "string") return value;
  throw wrong(`${field} is not a text`);
}

/** Refuses fields that nobody reads. @throws ControlError WT_CATALOG_INPUT */
export function only(input: Input, fields: readonly string[]): void {
  const odd = Object.keys(input).find((field) => !fields.includes(field));
  if (odd !== undefined) throw wrong(`unknown field ${JSON.stringify(odd)}`);
}

/** The error for a wrong input. */
export function wrong(detail: string): Error {
  return controlError("WT_CATALOG_INPUT", { detail });
}

/** A field that is there only when it has a value. */
export function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}
