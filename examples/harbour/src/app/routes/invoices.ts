// Invoices, their lines, comments and attachments. No statement here names a tenant or a schema: the place decides whose rows they are, so
// forgetting is not possible, and the same statement serves shared tables, a schema, a database and a silo.
import { Hono } from "hono";
import type { Parts } from "../parts.ts";
import { integer, optionalText, readBody, text, uuid } from "../request.ts";

const columns = "i.id, i.number, i.status, i.total_cents, i.memo, i.issued_on::text, i.due_on::text, i.customer_id";

export function invoiceRoutes(parts: Parts): Hono {
  const { query } = parts;
  const app = new Hono();
  const invoiceOr404 = async (id: string): Promise<Record<string, unknown>> => {
    const [invoice] = await query.invoiceById(
      `select ${columns}, c.name as customer from invoices i join customers c on c.id = i.customer_id where i.id = $1`,
      [id],
    );
    return invoice ?? (await parts.notFound("invoices", { id }));
  };

  app.get("/", async (c) => {
    const limit = integer(c.req.query("limit") ?? "20", 1, 100);
    return c.json({
      invoices: await query.invoices(
        `select ${columns}, c.name as customer from invoices i join customers c on c.id = i.customer_id order by i.created_at desc limit $1`,
        [limit],
      ),
    });
  });
  app.get("/totals", async (c) =>
    c.json({
      totals: await query.totals(
        "select number, customer, status, total_cents from invoice_totals order by created_at desc limit 50",
      ),
    }),
  );
  app.get("/by-number/:number", async (c) => {
    const number = integer(c.req.param("number"), 1, 2_000_000_000);
    const rows = await query.invoiceById(
      `select ${columns}, c.name as customer from invoices i join customers c on c.id = i.customer_id where i.number = $1`,
      [number],
    );
    return c.json({
      invoices: rows.length > 0 ? rows : await parts.notFound("invoices", { number: String(number) }),
    });
  });

  app.post("/", async (c) => {
    const body = await readBody(c.req);
    const customerId = uuid(body["customer_id"]);
    const lines = Array.isArray(body["lines"]) ? (body["lines"] as Record<string, unknown>[]) : [];
    const invoice = await parts.atomically(async (run) => {
      const [created] = await run(
        `insert into invoices (number, customer_id, status, memo, issued_on, due_on)
         select coalesce(max(number), 1000) + 1, $1, 'draft', $2, current_date, current_date + 30 from invoices returning id, number`,
        [customerId, optionalText(body["memo"])],
      );
      for (const [i, line] of lines.entries()) {
        await run(
          "insert into invoice_lines (invoice_id, position, description, quantity, unit_price_cents) values ($1, $2, $3, $4, $5)",
          [
            created!["id"],
            i + 1,
            text(line["description"]),
            integer(line["quantity"], 1, 10_000),
            integer(line["unit_price_cents"], 0, 100_000_000),
          ],
        );
      }
      await run(
        "update invoices set total_cents = (select coalesce(sum(quantity * unit_price_cents), 0) from invoice_lines where invoice_id = $1) where id = $1",
        [created!["id"]],
      );
      return created;
    });
    return c.json(invoice, 201);
  });

  app.get("/:id", async (c) => c.json(await invoiceOr404(uuid(c.req.param("id")))));
  app.patch("/:id", async (c) => {
    const id = uuid(c.req.param("id"));
    const { memo } = await readBody(c.req);
    const rows = await query.invoiceById("update invoices set memo = $2 where id = $1 returning id, number, memo", [
      id,
      text(memo),
    ]);
    return c.json(rows[0] ?? (await parts.notFound("invoices", { id })));
  });
  app.delete("/:id", async (c) => {
    const id = uuid(c.req.param("id"));
    const rows = await query.invoiceById("delete from invoices where id = $1 returning id", [id]);
    return rows.length > 0 ? c.body(null, 204) : parts.notFound("invoices", { id });
  });

  app.get("/:id/lines", async (c) => {
    const { id } = await invoiceOr404(uuid(c.req.param("id")));
    return c.json({
      lines: await query.invoiceById(
        "select position, description, quantity, unit_price_cents from invoice_lines where invoice_id = $1 order by position",
        [id],
      ),
    });
  });
  app.post("/:id/lines", async (c) => {
    const id = uuid(c.req.param("id"));
    const body = await readBody(c.req);
    const rows = await query.lines(
      `insert into invoice_lines (invoice_id, position, description, quantity, unit_price_cents)
       select i.id, (select coalesce(max(l.position), 0) + 1 from invoice_lines l where l.invoice_id = i.id), $2, $3, $4 from invoices i where i.id = $1
       returning id, position`,
      [
        id,
        text(body["description"]),
        integer(body["quantity"], 1, 10_000),
        integer(body["unit_price_cents"], 0, 100_000_000),
      ],
    );
    if (rows.length === 0) await parts.notFound("invoices", { id });
    return c.json(rows[0]!, 201);
  });

  app.get("/:id/comments", async (c) => {
    const id = uuid(c.req.param("id"));
    return c.json({
      comments: await query.comments(
        "select id, author_id, body, created_at from comments where invoice_id = $1 order by created_at",
        [id],
      ),
    });
  });
  app.post("/:id/comments", async (c) => {
    const id = uuid(c.req.param("id"));
    const { body } = await readBody(c.req);
    const rows = await query.comments("insert into comments (invoice_id, body) values ($1, $2) returning id", [
      id,
      text(body),
    ]);
    return c.json(rows[0]!, 201);
  });
  app.get("/:id/attachments", async (c) => {
    const id = uuid(c.req.param("id"));
    return c.json({
      attachments: await query.attachments(
        "select id, file_name, content_type from attachments where invoice_id = $1 order by file_name",
        [id],
      ),
    });
  });
  return app;
}

export function attachmentRoutes(parts: Parts): Hono {
  const app = new Hono();
  app.get("/:id", async (c) => {
    const id = uuid(c.req.param("id"));
    const [file] = await parts.query.attachments(
      "select file_name, content_type, content from attachments where id = $1",
      [id],
    );
    if (file === undefined) return parts.notFound("attachments", { id });
    return c.body(String(file["content"]), 200, {
      "content-type": String(file["content_type"]),
      "content-disposition": `attachment; filename="${String(file["file_name"])}"`,
    });
  });
  return app;
}
