/** `watertight tenants create|suspend|resume|maintenance|archive|delete`: each asks for an operation, which a worker runs. */
import { randomUUID } from "node:crypto";
import { CliError } from "../../cli-error.ts";
import type { Execute } from "../../command.ts";
import { harmless } from "../../output/printer.ts";
import { withControl } from "../catalog/control.ts";
import { type RequestOptions, requestAndFollow } from "./request.ts";

interface CreateOptions extends RequestOptions {
  readonly model: string;
  readonly id?: string;
  readonly name?: string;
  readonly cell?: string;
  readonly region?: string;
  readonly location?: string;
  readonly tier?: string;
  readonly hostname?: string[];
}

const given = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** Runs `tenants create`. */
export const create: Execute<CreateOptions> = (context, [slug = ""], options) =>
  requestAndFollow(context, options, ({ control, pool, actor, secrets }) => {
    const { id, name, tier, hostname, model, service, cell, region, location } = options;
    const tenant = given({ id: id ?? randomUUID(), slug, name, tier, hostnames: hostname });
    const setting = { secrets, schemaOf: control.releasedSchemas(pool) };
    return control.createTenant(pool, actor, setting, given({ tenant, model, service, cell, region, location }));
  });

const change =
  (kind: string): Execute<RequestOptions> =>
  (context, [name = ""], options) =>
    requestAndFollow(context, options, async ({ control, client, pool, actor, kinds }) => {
      const { id } = await control.getTenant(client, name);
      return control.requestOperation(pool, actor, kinds.get(kind)!, { tenant: id });
    });

/** Runs `tenants suspend`. */
export const suspend: Execute<RequestOptions> = change("tenant.suspend");
/** Runs `tenants resume`. */
export const resume: Execute<RequestOptions> = change("tenant.resume");
/** Runs `tenants maintenance`. */
export const maintenance: Execute<RequestOptions> = change("tenant.maintenance");
/** Runs `tenants archive`. */
export const archive: Execute<RequestOptions> = change("tenant.archive");

interface DeleteOptions extends RequestOptions {
  readonly confirm?: string;
  readonly graceDays: string;
  readonly dryRun?: boolean;
}

/** Runs `tenants delete`: for two people, and with the tenant's slug typed out. */
export const remove: Execute<DeleteOptions> = async (context, [name = ""], options) => {
  const days = Number(options.graceDays);
  if (!(days >= 0 && days <= 3650) || options.graceDays.trim() === "")
    throw new CliError("WT_CLI_USAGE", `--grace-days ${options.graceDays} is not 0 to 3650.`, "Leave it out for 30.");
  if (options.dryRun === true) return foresee(context, name, options.service, days);
  const { slug } = await withControl(context, ({ control, client }) => control.getTenant(client, name));
  if (options.confirm !== slug)
    throw new CliError(
      "WT_CLI_CONFIRM",
      options.confirm === undefined ? `${slug} would be deleted.` : `--confirm ${options.confirm} is not ${slug}.`,
      `See what goes: --dry-run. Then: watertight tenants delete ${slug} --confirm ${slug}`,
    );
  return requestAndFollow(context, options, async ({ control, client, pool, actor, kinds }) => {
    const { id } = await control.getTenant(client, name);
    return control.requestOperation(pool, actor, kinds.get("tenant.delete")!, {
      tenant: id,
      graceMs: days * 86_400_000,
    });
  });
};

const foresee = async (
  context: Parameters<Execute<object>>[0],
  name: string,
  service: string,
  graceDays: number,
): Promise<number> => {
  const { print } = context;
  const goes = await withControl(context, async ({ control, client, pool }) => {
    const tenant = await control.getTenant(client, name);
    const [listed] = await control.listTenants(pool, { service, limit: 1, after: justBefore(tenant.slug) });
    const { model = null, cell = null, location = null } = listed?.id === tenant.id ? listed : {};
    return { tenant, model, cell, location, graceDays };
  });
  print.result({ dryRun: true, ...goes }, () => {
    const { tenant, model, cell, location } = goes;
    const what = {
      pool: "its rows in the shared tables",
      silo: "its rows in the silo",
      schema: "its schema",
      database: "its database and logins",
    };
    print.line(`${harmless(tenant.slug)} (${tenant.state}) would be served no more at once, in every place.`);
    print.line(
      model === null
        ? "It has no active place: only its row stays, so that neither id nor slug comes back."
        : `After ${graceDays} days: ${what[model]} at ${location} on ${cell}, and its secrets. A certificate stays; neither id nor slug comes back.`,
    );
    print.line(
      "A second person must approve. Until then, and until the last day: watertight operations cancel <operation>",
    );
  });
  return 0;
};

// lists are pages behind a slug; slugs are ASCII
const justBefore = (slug: string): string =>
  slug.slice(0, -1) + String.fromCharCode(slug.charCodeAt(slug.length - 1) - 1) + "~";
