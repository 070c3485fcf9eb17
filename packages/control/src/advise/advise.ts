/**
 * Which isolation model fits a need: the cheapest that meets all of it, or the strongest, with the reasons and the figures behind them. Pure. Must never
 * count a wish as met that a model can't keep.
 */
import type { Model } from "../catalog/tenants.ts";
import { controlError } from "../errors/control-error.ts";
import { type Figure, figures, hitRates } from "./figures.ts";

/** What is needed; what is left out is not. */
export interface TenancyNeed {
  /** How many there will be. */
  readonly tenants: number;
  /** Tables of one tenant; default 50. */
  readonly tables?: number;
  /** Connections that applications may hold to one server; default 80. */
  readonly connections?: number;
  /** Groups of tenants that are kept apart from each other; default 1. */
  readonly groups?: number;
  /** Countries or regions in which data must stay; default 1. */
  readonly regions?: number;
  /** A login of one tenant that reaches no other's data, whatever the application does. */
  readonly ownCredentials?: boolean;
  /** A key for one tenant's contexts that opens no other's. */
  readonly ownKeys?: boolean;
  /** One tenant saved and restored by itself, with PostgreSQL's own tools. */
  readonly ownBackups?: boolean;
  /** Tables or columns that only some tenants have. */
  readonly ownTables?: boolean;
  /** Extensions that only some tenants may have. */
  readonly ownExtensions?: boolean;
  /** A server without anybody else on it. */
  readonly ownServer?: boolean;
  /** Single tenants whose load would slow down the others. */
  readonly noisy?: boolean;
  /** Among those that fit: the one that costs least (default), or the one that keeps apart most. */
  readonly prefer?: "cost" | "isolation";
}

/** One thing that speaks for or against a model. */
export interface AdviceReason {
  readonly verdict: "for" | "against" | "unmet";
  readonly text: string;
  readonly figure?: Figure;
}

/** A model, judged. */
export interface ModelAdvice {
  readonly model: Model;
  /** Meets everything that was asked for. */
  readonly fits: boolean;
  /** What it takes. */
  readonly cells: number;
  readonly databases: number;
  /** Places that a release is brought to, one by one. */
  readonly migrationTargets: number;
  readonly reasons: readonly AdviceReason[];
}

/** The answer: the best first. */
export interface Advice {
  readonly need: Required<TenancyNeed>;
  readonly ranking: readonly ModelAdvice[];
  /** Where several fit: mixing is the normal case, one catalog holds all models. */
  readonly note: string;
}

const models: readonly Model[] = ["pool", "schema", "silo", "database"];
/** From what keeps apart least. A silo's tenants share a database among each other, so it stands for its group, not for one tenant. */
const strength: Readonly<Record<Model, number>> = { pool: 0, schema: 1, silo: 2, database: 3 };

/**
 * Ranks the four models.
 * @example adviseModel({ tenants: 400, ownBackups: true }).ranking[0]?.model // "schema"
 * @throws ControlError WT_CATALOG_INPUT for a number that is none
 */
export function adviseModel(asked: TenancyNeed): Advice {
  const need = complete(asked);
  const judged = models.map((model) => judge(model, need));
  const cost = ({ cells, migrationTargets, databases, model }: ModelAdvice): number[] => [
    cells,
    databases,
    migrationTargets,
    strength[model],
  ];
  const ranking = judged.toSorted((a, b) => {
    if (a.fits !== b.fits) return a.fits ? -1 : 1;
    if (need.prefer === "isolation" && a.fits) return strength[b.model] - strength[a.model];
    const unmet = (each: ModelAdvice): number => each.reasons.filter(({ verdict }) => verdict === "unmet").length;
    if (!a.fits && unmet(a) !== unmet(b)) return unmet(a) - unmet(b);
    const [left, right] = [cost(a), cost(b)];
    const differs = left.findIndex((value, at) => value !== right[at]);
    return differs < 0 ? 0 : left[differs]! - right[differs]!;
  });
  return {
    need,
    ranking,
    note: "Models are mixed in one catalog: put the many where it costs least, and the few that need more where they get it.",
  };
}

function complete(asked: TenancyNeed): Required<TenancyNeed> {
  const need = {
    tables: 50,
    connections: 80,
    groups: 1,
    regions: 1,
    ownCredentials: false,
    ownKeys: false,
    ownBackups: false,
    ownTables: false,
    ownExtensions: false,
    ownServer: false,
    noisy: false,
    prefer: "cost" as const,
    ...asked,
  };
  for (const name of ["tenants", "tables", "connections", "groups", "regions"] as const)
    if (!(Number.isInteger(need[name]) && need[name] > 0 && need[name] <= 10_000_000))
      throw controlError("WT_CATALOG_INPUT", { detail: `${name}: ${need[name]} is no whole number over 0` });
  if (need.groups > need.tenants || need.regions > need.tenants)
    throw controlError("WT_CATALOG_INPUT", { detail: "there are more groups or regions than tenants" });
  return need;
}

function judge(model: Model, need: Required<TenancyNeed>): ModelAdvice {
  const reasons = [...hardNeeds(model, need), ...loads(model, need), ...costs(model, need)];
  return { model, fits: reasons.every(({ verdict }) => verdict !== "unmet"), ...sizes(model, need), reasons };
}

const unmet = (text: string): AdviceReason => ({ verdict: "unmet", text });
const because = (verdict: "for" | "against", text: string, figure?: Figure): AdviceReason => ({
  verdict,
  text,
  ...(figure === undefined ? {} : { figure }),
});

function hardNeeds(model: Model, need: Required<TenancyNeed>): AdviceReason[] {
  const shared = model === "pool" || model === "schema";
  const own = model === "database";
  // in a silo the group is kept apart, the tenants in it share: with one tenant in each it is a database
  const alone = own || (model === "silo" && need.groups === need.tenants);
  const reasons: AdviceReason[] = [];
  const asks = (wanted: boolean, holds: boolean, held: string, missing: string): void => {
    if (wanted) reasons.push(holds ? because("for", held) : unmet(missing));
  };
  asks(
    need.ownCredentials,
    alone,
    "has logins of its own; other databases refuse them",
    shared
      ? "its logins are those of the shared database: whoever has them and the application's key reaches every tenant there"
      : "its logins are the group's",
  );
  asks(
    need.ownKeys,
    alone,
    "has a key of its own",
    shared ? "its key is the shared database's" : "its key is the group's",
  );
  asks(
    need.ownBackups,
    alone || model === "schema",
    model === "schema"
      ? "pg_dump and pg_restore work on one schema; a point in time is the whole server's"
      : "pg_dump and pg_restore work on its database; a point in time is the whole server's",
    model === "pool" ? "its rows lie among everybody's: it is exported, not restored" : "is restored with its group",
  );
  asks(
    need.ownTables,
    alone || model === "schema",
    "has tables of its own; releases reach it one by one",
    model === "pool" ? "its tables are everybody's" : "its tables are the group's",
  );
  asks(
    need.ownExtensions,
    alone,
    "extensions belong to a database, and it has one",
    shared ? "extensions belong to a database, which it shares" : "extensions are the group's",
  );
  asks(
    need.ownServer,
    alone,
    "can have a cell of its own: a cell with a region or name, and --cell",
    "shares its server by design",
  );
  return reasons;
}

function loads(model: Model, need: Required<TenancyNeed>): AdviceReason[] {
  const reasons: AdviceReason[] = [];
  if (need.noisy) {
    if (model === "database" || model === "silo")
      reasons.push(because("for", "a noisy one can be placed on, or moved to, a cell of its own"));
    else
      reasons.push(
        because(
          "against",
          "processor, disk and vacuum are shared; the runtime's fair queues bound what others wait",
          figures.quietBeside,
        ),
      );
    reasons.push(
      because(
        "for",
        "the runtime's fair queues hold in every model; in one line for all it would be this",
        figures.quietFifo,
      ),
    );
  }
  if (model === "database") {
    const rate = nearestHitRate(need.tenants, need.connections);
    if (need.tenants > need.connections) {
      reasons.push(
        because(
          "against",
          `${need.tenants} databases share ${need.connections} connections: the rest of the requests opens one first`,
          rate,
        ),
      );
    }
  }
  return reasons;
}

function costs(model: Model, need: Required<TenancyNeed>): AdviceReason[] {
  if (model === "pool")
    return [
      because("for", "one place for a release, one row for a new tenant"),
      because("against", "row security costs on every query, as in every model at level sealed", figures.pointCost),
      cap(need.tenants, figures.poolTenantsOfCell),
    ];
  if (model === "schema")
    return [
      because(
        "against",
        `${need.tenants} schemas of ${need.tables} tables: ${need.tenants * need.tables} tables in the catalogs, and a release runs in each`,
      ),
      cap(need.tenants, figures.schemasOfDatabase),
    ];
  if (model === "silo")
    return [
      because(
        "for",
        `${need.groups} database${need.groups === 1 ? "" : "s"} with logins and keys apart from everybody else's, row security inside`,
      ),
      cap(need.groups, figures.databasesOfCell),
    ];
  return [
    because("against", "a new tenant takes longer; warm databases take that out of its way", figures.copyCost),
    because("against", `a release runs in ${need.tenants} databases`),
    cap(need.tenants, figures.databasesOfCell),
  ];
}

function cap(wanted: number, figure: Figure): AdviceReason {
  const most = Math.floor(figure.value * figures.fullAt.value);
  return wanted <= most
    ? because("for", `${wanted} of ${most} that one takes before provisioning goes to the next`, figure)
    : because("against", `${wanted} need ${Math.ceil(wanted / most)}: one takes ${most}`, figure);
}

function sizes(
  model: Model,
  { tenants, groups, regions }: Required<TenancyNeed>,
): Pick<ModelAdvice, "cells" | "databases" | "migrationTargets"> {
  const full = ({ value }: Figure): number => Math.floor(value * figures.fullAt.value);
  const atLeast = (places: number): number => Math.max(places, regions);
  if (model === "pool") {
    const pools = atLeast(Math.ceil(tenants / full(figures.poolTenantsOfCell)));
    return { cells: pools, databases: pools, migrationTargets: pools };
  }
  if (model === "schema") {
    const databases = atLeast(Math.ceil(tenants / full(figures.schemasOfDatabase)));
    return {
      cells: atLeast(Math.ceil(databases / full(figures.databasesOfCell))),
      databases,
      migrationTargets: tenants + databases,
    };
  }
  const databases = model === "silo" ? atLeast(groups) : tenants;
  return {
    cells: atLeast(Math.ceil(databases / full(figures.databasesOfCell))),
    databases,
    migrationTargets: databases,
  };
}

/** The measured pair that is nearest, by ratios. */
function nearestHitRate(databases: number, connections: number): Figure {
  const distance = (one: number, other: number): number => Math.abs(Math.log(one / other));
  const {
    databases: _,
    connections: __,
    ...nearest
  } = hitRates.toSorted(
    (a, b) =>
      distance(a.databases, databases) +
      distance(a.connections, connections) -
      distance(b.databases, databases) -
      distance(b.connections, connections),
  )[0]!;
  return nearest;
}
