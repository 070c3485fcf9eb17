/**
 * `watertight why`: for one row and one tenant, each policy with each term and its value, for all commands. With --db in a read-only transaction that rolls
 * back; without it on seeded rows of a replay.
 */
import { type CommandAnswer, type Explanation, type TermValue, whyLive, whyReplay } from "@watertight/audit";
import { CliError } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { harmless, type Printer } from "../../output/printer.ts";
import { progressLine } from "./progress.ts";
import { requestOf, type SourceFlags } from "./request.ts";

interface Flags extends SourceFlags {
  readonly table: string;
  readonly row?: string;
  readonly as?: string;
  readonly user?: string;
  readonly role?: string;
  readonly db?: string;
}

/** Runs `why`. */
export const execute: Execute<Flags> = async (context, [folder], flags) => {
  const { print } = context;
  const rows =
    flags.db === undefined ? await ofReplay(context, folder, flags) : await ofDatabase(context, folder, flags);
  print.result({ rows }, () => rows.forEach((row) => show(print, row)));
  return 0;
};

async function ofReplay(
  { io, print }: CommandContext,
  folder: string | undefined,
  flags: Flags,
): Promise<Explanation[]> {
  const { table, row, as: tenant, role, user } = flags;
  if (user !== undefined)
    throw new CliError(
      "WT_CLI_USAGE",
      "--user names a person of a live database.",
      "Name the database: --db env:DATABASE_URL",
    );
  const progress = progressLine(io, print.json);
  return whyReplay({
    ...(await requestOf(io, folder, flags)),
    table,
    onProgress: progress.show,
    ...(row === undefined ? {} : { row }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(role === undefined ? {} : { role }),
  }).finally(progress.end);
}

async function ofDatabase(context: CommandContext, folder: string | undefined, flags: Flags): Promise<Explanation[]> {
  const { table, row, as: tenant, role, user } = flags;
  if (row === undefined || tenant === undefined)
    throw new CliError(
      "WT_CLI_USAGE",
      `On a live database ${row === undefined ? "--row" : "--as"} is needed.`,
      "Name both: watertight why --table invoices --row 7 --as TENANT --db env:DATABASE_URL",
    );
  const { resolved } = await requestOf(context.io, folder, flags);
  const kitKey = context.io.env["WATERTIGHT_KEY"];
  const explained = await context.database((db) =>
    whyLive({
      db,
      resolved,
      table,
      row,
      tenant,
      ...(role === undefined ? {} : { role }),
      ...(user === undefined ? {} : { user }),
      ...(kitKey === undefined ? {} : { kitKey }),
    }),
  );
  return [explained];
}

const valueText = (value: unknown): string =>
  value === null ? "null" : harmless(typeof value === "string" ? `'${value}'` : JSON.stringify(value));

function show(print: Printer, explanation: Explanation): void {
  const { table, row, tenant, user, role, context, rowSecurity, unbound, commands } = explanation;
  const named = Object.entries(row).map(([name, value]) => `${name} = ${valueText(value)}`);
  print.line(print.colour("bold", harmless(`${table.schema}.${table.name}`)) + `  ${harmless(named.join(", "))}`);
  print.line(
    `  asked by tenant ${harmless(tenant)}${user === null ? "" : `, person ${harmless(user)}`}, as role ${harmless(role)}`,
  );
  for (const line of context) print.line(`  context: ${harmless(line)}`);
  print.line(`  row security is ${rowSecurity}${unbound === null ? "" : `; ${harmless(unbound)}`}`);
  for (const answer of commands) showCommand(print, answer);
  print.line();
}

function showCommand(print: Printer, { command, allowed, because, sides }: CommandAnswer): void {
  const word = allowed ? print.colour("green", "allowed") : print.colour("red", "refused");
  print.line(`${command.padEnd(6)} ${word}: ${harmless(because)}`);
  for (const { policies } of sides)
    for (const { policy, permissive, side, reused, value, decides, term } of policies) {
      const kind = `${permissive ? "permissive" : "restrictive"}, ${side === "using" ? "USING" : "WITH CHECK"}${reused ? " in place of WITH CHECK" : ""}`;
      print.line(`  policy ${harmless(policy)} (${kind}): ${valueOf(term, value)}${decides ? "  <- decides" : ""}`);
      showTerm(print, term, 4, decides);
    }
}

const valueOf = ({ error }: TermValue, value: boolean | null): string =>
  error === null ? String(value) : `error: ${harmless(error)}`;

function showTerm(print: Printer, term: TermValue, indent: number, deciding: boolean): void {
  const { kind, text, value, sides, columns, parts } = term;
  const pad = " ".repeat(indent);
  const decides = deciding && term.decides;
  if (kind !== "term") {
    print.line(`${pad}${valueOf(term, value).padEnd(5)} ${kind.toUpperCase()}`);
    for (const part of parts) showTerm(print, part, indent + 2, decides);
    return;
  }
  print.line(
    `${pad}${valueOf(term, value).padEnd(5)} ${harmless(text.replaceAll(/\s+/g, " "))}${decides ? "  <-" : ""}`,
  );
  for (const side of sides)
    if (!isLiteral(side.text))
      print.line(`${pad}      ${harmless(side.text.replaceAll(/\s+/g, " "))} is ${valueText(side.value)}`);
  const shown = new Set(sides.map((side) => side.text));
  for (const [name, column] of Object.entries(columns))
    if (!shown.has(name)) print.line(`${pad}      ${harmless(name)} is ${valueText(column)}`);
}

const isLiteral = (text: string): boolean => /^('([^']|'')*'|\d+|true|false)(::[\w ]+)?$/.test(text);
