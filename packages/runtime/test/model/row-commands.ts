/** One-shot reads and writes of one tenant. */
import { command, type ModelCommand, outcome, same, served } from "./command.ts";
import { nextBody, type Oracle, rowsOf, type TenantModel } from "./oracle.ts";

const at = (oracle: Oracle, tenant: number): TenantModel => oracle.tenants[tenant] as TenantModel;
export const list = "select id, body, n from entry order by id";

export const put = (t: number, id: number): ModelCommand =>
  command("put", [t, id], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const body = nextBody(oracle, tenant);
    const result = await outcome(tenant, () =>
      pool.for(tenant.id).query("insert into entry values ($1, $2, $3, 0)", [tenant.id, id, body]),
    );
    const expected = tenant.suspended ? "WT_TENANT_NOT_SERVED" : tenant.entries.has(id) ? "23505" : undefined;
    same("error" in result ? result.error.code : undefined, expected);
    if (expected === undefined) tenant.entries.set(id, { body, n: 0 });
  });

export const putForOther = (t: number, other: number, id: number): ModelCommand =>
  command("put for other", [t, other, id], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const owner = at(oracle, other);
    if (owner === tenant) return;
    const result = await outcome(tenant, () =>
      pool.for(tenant.id).query("insert into entry values ($1, $2, $3, 0)", [owner.id, id, nextBody(oracle, tenant)]),
    );
    // Never 23505: that would tell that the other tenant has this id.
    same(
      "error" in result ? result.error.code : "written",
      tenant.suspended ? "WT_TENANT_NOT_SERVED" : "WT_ACCESS_DENIED",
    );
  });

export const get = (t: number, id: number): ModelCommand =>
  command("get", [t, id], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const reply = await served(tenant, () =>
      pool.for(tenant.id).query("select body, n from entry where id = $1", [id]),
    );
    const entry = tenant.entries.get(id);
    if (reply) same(reply.rows, entry ? [entry] : []);
  });

export const update = (t: number, id: number): ModelCommand =>
  command("update", [t, id], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const body = nextBody(oracle, tenant);
    const reply = await served(tenant, () =>
      pool.for(tenant.id).query("update entry set body = $2, n = n + 1 where id = $1 returning n", [id, body]),
    );
    const entry = tenant.entries.get(id);
    if (!reply) return;
    same(reply.rows, entry ? [{ n: entry.n + 1 }] : []);
    if (entry) tenant.entries.set(id, { body, n: entry.n + 1 });
  });

export const updateAll = (t: number): ModelCommand =>
  command("update all", [t], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const reply = await served(tenant, () => pool.for(tenant.id).query("update entry set n = n + 1"));
    if (!reply) return;
    same(reply.rowCount, tenant.entries.size);
    for (const [id, { body, n }] of tenant.entries) tenant.entries.set(id, { body, n: n + 1 });
  });

export const remove = (t: number, id: number): ModelCommand =>
  command("delete", [t, id], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const reply = await served(tenant, () => pool.for(tenant.id).query("delete from entry where id = $1", [id]));
    if (reply) same(reply.rowCount, tenant.entries.delete(id) ? 1 : 0);
  });

export const removeAll = (t: number): ModelCommand =>
  command("delete all", [t], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const reply = await served(tenant, () => pool.for(tenant.id).query("delete from entry"));
    if (!reply) return;
    same(reply.rowCount, tenant.entries.size);
    tenant.entries.clear();
  });

export const readAll = (t: number): ModelCommand =>
  command("list", [t], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const reply = await served(tenant, () => pool.for(tenant.id).query(list));
    if (reply) same(reply.rows, rowsOf(tenant));
  });

export const upsert = (t: number, id: number): ModelCommand =>
  command("upsert", [t, id], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const body = nextBody(oracle, tenant);
    const text =
      "insert into entry values ($1, $2, $3, 0) on conflict (tenant_id, id) do update set body = excluded.body, n = entry.n + 1 returning n";
    const reply = await served(tenant, () => pool.for(tenant.id).query(text, [tenant.id, id, body]));
    if (!reply) return;
    const n = (tenant.entries.get(id)?.n ?? -1) + 1;
    same(reply.rows, [{ n }]);
    tenant.entries.set(id, { body, n });
  });

export const bulk = (t: number, from: number): ModelCommand =>
  command("bulk", [t, from], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const ids = [from, from + 1, from + 2];
    const bodies = ids.map(() => nextBody(oracle, tenant));
    const text =
      "insert into entry select $1, id, body, 0 from unnest($2::int[], $3::text[]) as x(id, body) on conflict do nothing";
    const reply = await served(tenant, () => pool.for(tenant.id).query(text, [tenant.id, ids, bodies]));
    if (!reply) return;
    same(reply.rowCount, ids.filter((id) => !tenant.entries.has(id)).length);
    ids.forEach(
      (id, i) => void (tenant.entries.has(id) || tenant.entries.set(id, { body: bodies[i] as string, n: 0 })),
    );
  });

export const aggregate = (t: number): ModelCommand =>
  command("aggregate", [t], async (oracle, { pool }) => {
    const tenant = at(oracle, t);
    const text =
      "select count(*)::int as count, coalesce(sum(n), 0)::int as sum, min(body collate \"C\") as first, (select string_agg(body, '' order by id) from entry) as all from entry";
    const reply = await served(tenant, () => pool.for(tenant.id).query(text));
    if (!reply) return;
    const rows = rowsOf(tenant);
    const first = rows.map(({ body }) => body).sort()[0] ?? null;
    same(reply.rows, [
      {
        count: rows.length,
        sum: rows.reduce((sum, { n }) => sum + n, 0),
        first,
        all: rows.map(({ body }) => body).join("") || null,
      },
    ]);
  });
