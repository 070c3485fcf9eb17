/**
 * The kit itself: version, level, keys.
 */
import { newestVersion } from "../../install/sql-files.ts";
import { type Check, fail, ok, type StatusContext, warn } from "../check.ts";

const retiringDays = 30;

/** Version, level and keys. */
export async function installationChecks({ tx, kit, full }: StatusContext): Promise<Check[]> {
  const newest = newestVersion();
  const version =
    kit.version === newest
      ? ok("version", `Kit version ${kit.version}`)
      : warn("version", `Kit version ${kit.version}, this program has ${newest}`, {
          fix: kit.version < newest ? "watertight kit upgrade" : "Update the watertight packages.",
        });
  const level =
    kit.level === "plain"
      ? warn("level", "Level plain stops honest mistakes only", {
          vectorId: "C8",
          detail: "whoever can run SQL as the application role can be any tenant",
          fix: "watertight kit install --level sealed",
        })
      : ok("level", `Level ${kit.level}`);
  const tenants = await tx.rows("select pg_catalog.count(*)::int as n from watertight.fence where state = 'active'");
  const registered =
    tenants[0]!.n > 0
      ? ok("tenants", `${tenants[0]!.n} active tenants`)
      : warn("tenants", "No tenant is registered: every context is refused", {
          fix: "watertight kit tenants follow <table> <column>",
        });
  return [version, level, registered, ...(full && kit.level !== "plain" ? [await keys(tx)] : [])];
}

async function keys(tx: StatusContext["tx"]): Promise<Check> {
  const rows = await tx.rows(
    `select k.kid, k.state, k.state = 'retiring' and (select pg_catalog.max(created_at) from watertight.key) < pg_catalog.now() - pg_catalog.make_interval(days => $1) as old from watertight.key k order by k.kid`,
    [retiringDays],
  );
  if (rows.length === 0)
    return fail("keys", "No token key: every context is refused", { fix: "watertight kit keys rotate" });
  const old = rows.filter((row) => row.old).map((row) => row.kid as string);
  if (old.length > 0)
    return warn("keys", `Keys retiring for more than ${retiringDays} days: ${old.join(", ")}`, {
      fix: old.map((kid) => `watertight kit keys retire ${kid}`).join("; "),
    });
  return ok(
    "keys",
    `${rows.length} token key${rows.length === 1 ? "" : "s"}: ${rows.map((row) => `${row.kid} ${row.state}`).join(", ")}`,
  );
}
