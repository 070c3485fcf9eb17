// The HTTP application: request log, security headers, verified identity, tenant context around every handler, problem documents.
import { randomUUID } from "node:crypto";
import { tenancy } from "@watertight/runtime";
import { Hono } from "hono";
import { inActivity, note } from "./activity.ts";
import type { Activity } from "./activity.ts";
import type { Parts } from "./parts.ts";
import { toProblem } from "./problem.ts";
import { attachmentRoutes, invoiceRoutes } from "./routes/invoices.ts";
import { customerRoutes, loginRoutes, planRoutes, technicianRoutes, templateRoutes } from "./routes/people.ts";
import { dashboardRoutes, exportRoutes, jobRoutes, reportRoutes } from "./routes/reports.ts";
import type { Runner } from "./runner.ts";

export interface AppOptions {
  parts: Parts;
  runner: Runner;
  /** Receives the log of each request when it has been answered. */
  log?: (activity: Activity) => void;
  indexPage?: () => Promise<string>;
}

export function createApp({ parts, runner, log, indexPage }: AppOptions): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    const activity: Activity = { requestId: randomUUID(), entries: [] };
    c.header("x-request-id", activity.requestId);
    c.header("cache-control", "private, no-store");
    c.header("x-content-type-options", "nosniff");
    await inActivity(activity, next);
    log?.(activity);
  });
  app.onError((error, c) => {
    note({ kind: "refused", error });
    const { status, code, title } = toProblem(error);
    return c.json(
      {
        type: `https://harbour.example/problems/${code}`,
        title,
        status,
        code,
        instance: c.res.headers.get("x-request-id"),
      },
      status,
      {
        "content-type": "application/problem+json",
      },
    );
  });
  app.notFound((c) =>
    c.json(
      {
        type: "https://harbour.example/problems/not-found",
        title: "There is no such thing",
        status: 404,
        code: "not-found",
      },
      404,
      { "content-type": "application/problem+json" },
    ),
  );

  app.get("/", async (c) => c.html((await indexPage?.()) ?? "<title>Harbour</title>"));
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.route("/v1/login", loginRoutes(parts));
  // from here on nobody gets past without a verified tenant, and every handler runs inside it
  app.use("/v1/*", async (c, next) => {
    const identity = await parts.identify(c.req.raw.headers);
    await tenancy.run(identity.tenant, next);
  });
  app.route("/v1/invoices", invoiceRoutes(parts));
  app.route("/v1/attachments", attachmentRoutes(parts));
  app.route("/v1/customers", customerRoutes(parts));
  app.route("/v1/technicians", technicianRoutes(parts));
  app.route("/v1/templates", templateRoutes(parts));
  app.route("/v1/plan", planRoutes(parts));
  app.route("/v1/reports", reportRoutes(parts, runner));
  app.route("/v1/dashboard", dashboardRoutes(parts));
  app.route("/v1/export", exportRoutes(parts));
  app.route("/v1/jobs", jobRoutes(parts, runner));
  return app;
}
