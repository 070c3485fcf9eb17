/** `watertight catalog install` and `watertight audit verify|anchor`. */
import { CliError } from "../../cli-error.ts";
import type { Execute } from "../../command.ts";
import { withControl } from "./control.ts";

/** Runs `catalog install`. */
export const install: Execute<{ readonly role?: string[] }> = async (context, _, { role = [] }) => {
  const report = await withControl(context, async ({ control, client }) => {
    const kinds = Object.keys(control.defaultCatalogRoles);
    const roles = role.map((pair) => {
      const at = Math.max(pair.indexOf("="), 0);
      if (!kinds.includes(pair.slice(0, at)))
        throw new CliError("WT_CLI_USAGE", `--role ${pair} is not <kind>=<name>.`, `Kinds: ${kinds.join(", ")}.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    });
    const done = await control.installCatalog(client, { roles: Object.fromEntries(roles) as Record<string, string> });
    await control.installQueue(client, done.roles);
    return done;
  });
  context.print.result({ ...report }, () => {
    context.print.line(report.applied.length === 0 ? "up to date" : `applied ${report.applied.join(", ")}`);
    context.print.line(`Next: set a password (\\password ${report.roles.control}), then watertight cells add`);
  });
  return 0;
};

/** Runs `audit verify`. */
export const verify: Execute<{ readonly anchor?: string[] }> = async (context, _, { anchor = [] }) => {
  const anchors = anchor.map((text) => {
    const [, seq, hash] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
    if (seq === undefined || hash === undefined)
      throw new CliError(
        "WT_CLI_USAGE",
        `--anchor ${text} is not <number>:<hash>.`,
        "Take it from: watertight audit anchor",
      );
    return { seq, hash };
  });
  const verdict = await withControl(context, ({ control, client }) => control.verifyAudit(client, anchors));
  const { print } = context;
  print.result({ ...verdict }, () => {
    if (verdict.valid)
      print.line(
        `${print.colour("green", "valid")}  ${verdict.records} records, up to ${verdict.head.seq}:${verdict.head.hash}`,
      );
    else {
      print.line(`${print.colour("red", "BROKEN")} at record ${verdict.brokenAt}: ${verdict.why}`);
      print.line("Treat it as an incident: keep the database as it is.");
    }
  });
  return verdict.valid ? 0 : 1;
};

/** Runs `audit anchor`. */
export const anchor: Execute<object> = async (context) => {
  const head = await withControl(context, ({ control, client }) => control.auditHead(client));
  context.print.result({ ...head }, () => context.print.line(`${head.seq}:${head.hash}`));
  return 0;
};
