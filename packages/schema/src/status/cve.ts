/**
 * Server CVEs that let rows past row security, as data: the minor of each major that fixes them. A major without a number has no fix that
 * we could confirm; `kit status` then says so. Source of the figures: docs/kit.md.
 */

/** One CVE. */
export interface ServerCve {
  readonly id: string;
  readonly effect: string;
  /** Major -> first fixed minor. */
  readonly fixed: Readonly<Partial<Record<number, number>>>;
}

/** The table. */
export const serverCves: readonly ServerCve[] = [
  {
    id: "CVE-2026-116311",
    effect: "DROP OWNED BY self removes a role from policies that it does not own",
    fixed: { 15: 20 },
  },
  {
    id: "CVE-2026-120154",
    effect: "ON CONFLICT DO UPDATE … WHERE with a leaky function sees the hidden row",
    fixed: { 15: 20 },
  },
  {
    id: "CVE-2026-16237",
    effect: "INSERT ON CONFLICT through a view updates rows that the view hides",
    fixed: { 15: 20 },
  },
  {
    id: "CVE-2026-116327",
    effect: "a leaky function over CASE or a parameter is taken for leakproof",
    fixed: { 15: 20 },
  },
  // named together by the release, which does not tell what each of them is
  ...["CVE-2026-120146", "CVE-2026-116316", "CVE-2026-116303", "CVE-2026-6467", "CVE-2026-120153"].map((id) => ({
    id,
    effect:
      "rights are not checked: REASSIGN OWNED, temporary types in restricted operations, casts, extension scripts",
    fixed: { 15: 20 },
  })),
  {
    // 18.5 was never shipped; the same release's advisory for memberships names the same minors of 16 and 17
    id: "CVE-2026-14666",
    effect: "a cached plan survives the revocation of a role or of BYPASSRLS",
    fixed: { 15: 19, 16: 15, 17: 11, 18: 6 },
  },
  {
    id: "CVE-2025-8713",
    effect: "planner statistics leak through partitions and views",
    fixed: { 15: 14, 16: 10, 17: 6, 18: 0 },
  },
  {
    id: "CVE-2024-10976",
    effect: "row security below sub-queries ignores a change of role",
    fixed: { 15: 9, 16: 5, 17: 1, 18: 0 },
  },
  { id: "CVE-2024-10978", effect: "SET ROLE is reset to a wrong user", fixed: { 15: 9, 16: 5, 17: 1, 18: 0 } },
  {
    id: "CVE-2024-4317",
    effect: "pg_stats_ext shows values to everybody; old clusters also need a script",
    fixed: { 15: 7, 16: 3, 17: 0, 18: 0 },
  },
  {
    id: "CVE-2024-0985",
    effect: "REFRESH MATERIALIZED VIEW CONCURRENTLY runs code as the caller",
    fixed: { 15: 6, 16: 2, 17: 0, 18: 0 },
  },
  {
    id: "CVE-2023-39418",
    effect: "MERGE does not apply all row security policies",
    fixed: { 15: 4, 16: 0, 17: 0, 18: 0 },
  },
  {
    id: "CVE-2023-2455",
    effect: "row security ignores a change of role after inlining",
    fixed: { 15: 3, 16: 0, 17: 0, 18: 0 },
  },
  {
    id: "CVE-2023-2454",
    effect: "CREATE SCHEMA undoes a protected search_path",
    fixed: { 15: 3, 16: 0, 17: 0, 18: 0 },
  },
];

/** CVEs that a server of this `server_version_num` (180004) is not known to have fixed. */
export function unfixedCves(version: number): ServerCve[] {
  const major = Math.floor(version / 10000);
  const minor = version % 10000;
  return serverCves.filter((cve) => minor < (cve.fixed[major] ?? Number.POSITIVE_INFINITY));
}
