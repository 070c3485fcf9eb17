/** `watertight tenants advise`: which isolation model fits a need, with figures and where they stand. Looks at no database. */
import type { Execute } from "../../command.ts";
import { CliError } from "../../cli-error.ts";
import { counted } from "../../output/printer.ts";
import { loadControl } from "../catalog/control.ts";

interface Options {
  readonly tenants: string;
  readonly tables?: string;
  readonly connections?: string;
  readonly groups?: string;
  readonly regions?: string;
  readonly ownCredentials?: boolean;
  readonly ownKeys?: boolean;
  readonly ownBackups?: boolean;
  readonly ownTables?: boolean;
  readonly ownExtensions?: boolean;
  readonly ownServer?: boolean;
  readonly noisy?: boolean;
  readonly prefer: "cost" | "isolation";
}

const marks = { for: "+", against: "-", unmet: "!" } as const;

/** Runs it. */
export const execute: Execute<Options> = async ({ print }, _, options) => {
  const number = (name: "tenants" | "tables" | "connections" | "groups" | "regions"): Record<string, number> => {
    const text = options[name];
    if (text === undefined) return {};
    if (!/^[1-9]\d{0,7}$/.test(text))
      throw new CliError("WT_CLI_USAGE", `--${name} ${text} is no whole number over 0.`, "Correct the option.");
    return { [name]: Number(text) };
  };
  const control = await loadControl();
  const { ownCredentials, ownKeys, ownBackups, ownTables, ownExtensions, ownServer, noisy, prefer } = options;
  const wishes = { ownCredentials, ownKeys, ownBackups, ownTables, ownExtensions, ownServer, noisy };
  const advice = control.adviseModel({
    tenants: 1,
    ...number("tenants"),
    ...number("tables"),
    ...number("connections"),
    ...number("groups"),
    ...number("regions"),
    ...(Object.fromEntries(Object.entries(wishes).filter(([, wish]) => wish === true)) as Partial<
      Record<keyof typeof wishes, true>
    >),
    prefer,
  });
  print.result({ ...advice }, () => {
    for (const [place, { model, fits, cells, databases, migrationTargets, reasons }] of advice.ranking.entries()) {
      const word = fits
        ? print.colour("green", place === 0 ? "fits best" : "fits")
        : print.colour("red", "does not fit");
      print.line(
        `${place + 1}. ${model.padEnd(8)} ${word}   ${counted(cells, "cell")}, ${counted(databases, "database")}, a release reaches ${counted(migrationTargets, "place")}`,
      );
      for (const { verdict, text, figure } of reasons)
        print.line(
          `   ${marks[verdict]} ${text}${figure === undefined ? "" : ` [${figure.value} ${figure.unit}; ${figure.source}]`}`,
        );
    }
    print.line(`\n${advice.note}`);
    print.line(`Next: watertight tenants create <slug> --model ${advice.ranking[0]!.model}`);
  });
  return 0;
};
