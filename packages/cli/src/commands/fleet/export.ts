/** `watertight tenants export` and `watertight tenants export verify`: one tenant of any model in a folder, read as the tenant. */
import { resolve } from "node:path";
import { CliError } from "../../cli-error.ts";
import type { Execute } from "../../command.ts";
import { counted } from "../../output/printer.ts";
import { loadControl, withControl } from "../catalog/control.ts";

interface Options {
  readonly to?: string;
  readonly service: string;
  readonly shared?: string[];
  readonly leaveOut?: string[];
  readonly secrets: string;
}

/** Runs `tenants export`. */
export const execute: Execute<Options> = async (context, [tenant = ""], options) => {
  const { print, io } = context;
  if (options.to === undefined)
    throw new CliError("WT_CLI_USAGE", "Where to?", `Run: watertight tenants export ${tenant} --to <folder>`);
  const folder = resolve(io.cwd, options.to);
  let last = "";
  const report = await withControl(context, ({ control, pool, actor }) =>
    control.exportTenant(pool, actor, {
      secrets: control.openSecrets({
        env: io.env,
        stores: { local: control.fileStore(resolve(io.cwd, options.secrets)) },
        keepIn: "local",
      }),
      tenant,
      folder,
      service: options.service,
      shared: options.shared ?? [],
      leaveOut: options.leaveOut ?? [],
      progress: ({ table, number, tables, rows }) => {
        const line = `${number}/${tables} ${table}${rows >= 100_000 ? ` ${Math.floor(rows / 100_000)}00,000 rows` : ""}`;
        if (line !== last) print.note(line);
        last = line;
      },
    }),
  );
  const { manifest, sha256 } = report;
  print.result({ ...report, folder }, () => {
    print.table(
      ["table", "rows", "file"],
      manifest.tables.map((each) => [`${each.schema}.${each.name}`, each.rows, each.file]),
    );
    for (const { table, why } of manifest.leftOut) print.line(`left out: ${table}: ${why}`);
    print.line(`${counted(manifest.tables.length, "table")} as of ${manifest.snapshot.at}; manifest ${sha256}`);
    print.line(`Next: watertight tenants export verify ${options.to}`);
  });
  return 0;
};

/** Runs `tenants export verify`. */
export const verify: Execute<object> = async ({ io, print }, [folder = ""]) => {
  const verdict = await (await loadControl()).verifyExport(resolve(io.cwd, folder));
  print.result({ ...verdict }, () => {
    for (const problem of verdict.problems) print.line(`${print.colour("red", "WRONG")}  ${problem}`);
    if (verdict.valid)
      print.line(
        `${print.colour("green", "valid")}  ${counted(verdict.tables, "table")}, ${counted(verdict.rows, "row")} of ${verdict.tenant} as of ${verdict.snapshot}; manifest ${verdict.sha256}`,
      );
  });
  return verdict.valid ? 0 : 1;
};
