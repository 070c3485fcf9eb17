// Login, customers, technicians, templates. The customer search glues its term into the SQL text on purpose: it stands for the injection that
// every large code base has somewhere, and shows that the caller still gets nothing but their own rows.
import { tenancy } from "@watertight/runtime";
import { Hono } from "hono";
import type { Parts } from "../parts.ts";
import { IdentityError } from "../problem.ts";
import { optionalText, readBody, text } from "../request.ts";

export function loginRoutes(parts: Parts): Hono {
  const app = new Hono();
  app.post("/", async (c) => {
    const body = await readBody(c.req);
    const [account] = await parts.query.login("select tenant_id, user_id from directory.check_login($1, $2, $3)", [
      text(body["tenant"]),
      text(body["email"]),
      text(body["password"]),
    ]);
    if (account === undefined) throw new IdentityError(401, "login-refused");
    const identity = { tenant: String(account["tenant_id"]), userId: String(account["user_id"]) };
    // who the user is comes from the directory; whether they belong to the tenant is the tenant's own data, read in its context
    const [member] = await tenancy.run(identity.tenant, () =>
      parts.query.customers("select display_name, role from memberships where user_id = $1", [identity.userId]),
    );
    if (member === undefined) throw new IdentityError(401, "login-refused");
    return c.json({ token: await parts.authority.issue(identity), tenant: identity.tenant, ...member });
  });
  return app;
}

export function customerRoutes(parts: Parts): Hono {
  const app = new Hono();
  app.get("/", async (c) =>
    c.json({
      customers: await parts.query.customers(
        "select id, name, email, city from customers order by created_at limit 50",
      ),
    }),
  );
  app.get("/search", async (c) => {
    const term = c.req.query("q") ?? "";
    return c.json({
      customers: await parts.query.search(
        `select id, name, email, city from customers where name ilike '%${term}%' order by name limit 50`,
      ),
    });
  });
  app.post("/", async (c) => {
    const body = await readBody(c.req);
    const rows = await parts.query.customers(
      "insert into customers (name, email, city) values ($1, $2, $3) returning id",
      [text(body["name"]), text(body["email"]), optionalText(body["city"])],
    );
    return c.json(rows[0]!, 201);
  });
  return app;
}

export function technicianRoutes(parts: Parts): Hono {
  const app = new Hono();
  app.get("/", async (c) =>
    c.json({
      technicians: await parts.query.technicians(
        "select id, name, trade, hourly_rate_cents from technicians order by name limit 50",
      ),
    }),
  );
  app.get("/find", async (c) =>
    c.json({
      technicians: await parts.query.technicians("select id, name, trade from find_technician($1)", [
        c.req.query("q") ?? "",
      ]),
    }),
  );
  return app;
}

/** What the company pays for: from tables that all tenants share, found by its id alone. */
export function planRoutes(parts: Parts): Hono {
  const app = new Hono();
  app.get("/", async (c) => {
    const [plan] = await parts.query.plan(
      "select p.name, p.monthly_price_cents, p.max_users from tenants t join plans p on p.id = t.plan_id where t.id = $1",
      [tenancy.require()],
    );
    return c.json({ plan: plan ?? null });
  });
  return app;
}

export function templateRoutes(parts: Parts): Hono {
  const app = new Hono();
  app.get("/", async (c) =>
    c.json({
      templates: await parts.query.templates(
        "select id, name, body from templates union all select id, name, body from house_templates order by name",
      ),
    }),
  );
  return app;
}
