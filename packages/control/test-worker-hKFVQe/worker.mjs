// packages/control/test/provision/provision-process.ts
import pg3 from "pg";

// packages/control/src/operations/failpoints.ts
function failpointFrom(env2 = process.env, kill = () => process.kill(process.pid, "SIGKILL")) {
  const wanted = env2["WATERTIGHT_FAILPOINT"];
  if (wanted === void 0 || wanted === "") return () => {};
  const number = /^\d+$/.test(wanted) ? Number(wanted) : void 0;
  let passed = 0;
  return (name) => {
    passed++;
    if (number === void 0 ? name === wanted : passed === number) kill();
  };
}

// packages/control/src/audit-log/append-audit.ts
async function appendAudit(tx, actor, action, subject, detail = {}) {
  const { rows } = await tx.query("select watertight_catalog.append_audit($1, $2, $3, $4) as seq", [
    actor.name,
    action,
    subject,
    JSON.stringify(detail),
  ]);
  return BigInt(rows[0]["seq"]);
}

// packages/control/src/db/transaction.ts
async function inTransaction(pool, fn) {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query("begin isolation level read committed read write");
    const result2 = await fn(client);
    await client.query("commit");
    return result2;
  } catch (error) {
    await client.query("rollback").catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
async function withConnection(pool, fn) {
  const client = await pool.connect();
  let broken = true;
  try {
    const result2 = await fn(client);
    broken = false;
    return result2;
  } finally {
    client.release(broken);
  }
}

// packages/control/src/errors/control-codes.ts
var config = (what, next) => ({
  kind: "ConfigurationError",
  what,
  next,
  retryable: false,
});
var operation = (what, next, retryable = false) => ({
  kind: "OperationError",
  what,
  next,
  retryable,
});
var controlErrorCodes = {
  WT_CATALOG_NOT_INSTALLED: config("This database has no Watertight catalog.", "Run: watertight up --db env:NAME"),
  WT_CATALOG_EDITED: config(
    "A numbered SQL file that was applied to this catalog differs from the file of this package.",
    "Restore the published file; changes belong in a new numbered file.",
  ),
  WT_CATALOG_TOO_NEW: config("The catalog is newer than this program.", "Update the watertight packages."),
  WT_CATALOG_PRIVILEGE: config(
    "The connected role lacks a right that the catalog's installation needs.",
    "Connect as a superuser, or as the owner of the database with CREATEROLE.",
  ),
  WT_CATALOG_INPUT: config("A value is not accepted.", "Correct the value named here."),
  WT_CATALOG_NOT_FOUND: config(
    "There is no such thing in the catalog.",
    "List what there is: watertight tenants list, watertight cells list.",
  ),
  WT_CATALOG_DUPLICATE: config("It exists already.", "Choose another id, slug or hostname."),
  WT_CATALOG_STALE: operation(
    "It was changed by somebody else in the meantime.",
    "Read it again and repeat the change on what it is now.",
  ),
  WT_CATALOG_STATE: operation("Its state does not allow this.", "Look at it first: watertight tenants show."),
  WT_CATALOG_AUDIT_BROKEN: {
    kind: "AccessDeniedError",
    what: "The audit log was changed: its chain of hashes is broken.",
    next: "Treat it as an incident: keep the database as it is and compare with the anchors that you kept.",
    retryable: false,
  },
  WT_SECRET: config(
    "A secret could not be read.",
    "A reference is env:NAME, file:/path, or <store>:<name> of a store that this process knows.",
  ),
  WT_OPERATION_BUSY: operation(
    "Another operation is at work on this.",
    "Wait for it: watertight operations list. Or cancel it: watertight operations cancel.",
    true,
  ),
  WT_OPERATION_KIND: config("This worker knows no operation of that kind.", "Update the worker, or correct the kind."),
  WT_OPERATION_LEASE_LOST: operation(
    "Another worker has taken this operation over.",
    "Nothing: it goes on there.",
    true,
  ),
  WT_OPERATION_UNVERIFIED: operation(
    "A step ended without an error, but what it had to make is not there.",
    "Look at the step: watertight operations show. Then: watertight operations retry.",
  ),
  WT_OPERATION_PAST_RETURN: operation(
    "The operation is past its point of no return and can only be finished.",
    "Let it finish, or resume it: watertight operations resume.",
  ),
  WT_OPERATION_STATE: operation(
    "The operation's state does not allow this.",
    "Look at it: watertight operations show.",
  ),
  WT_OPERATION_APPROVAL: {
    kind: "AccessDeniedError",
    what: "The operation needs the approval of a second person.",
    next: "Ask somebody else to run: watertight operations approve.",
    retryable: false,
  },
  WT_CELL_UNREACHABLE: operation("The cell does not answer.", "It is tried again; look at the server.", true),
  WT_CELL_FULL: operation(
    "The cell is at 80 % of a published cap, and there is no other one to go to.",
    "Add a cell: watertight cells add. Or raise the cap: watertight cells set.",
  ),
  WT_CELL_TEMPLATE: operation(
    "The template database is in use.",
    "It is tried again when its sessions have ended.",
    true,
  ),
  WT_CELL_NO_TEMPLATE: operation(
    "The cell has no template database of that version.",
    "Build it first: the operation template.build. Then: watertight operations retry.",
  ),
  WT_CELL_DISK_FULL: operation(
    "The cell's disk is full; what was begun there was taken back.",
    "Make room on the server, or drain the cell: watertight cells drain. Then: watertight operations retry.",
  ),
  WT_CELL_PRIVILEGE: operation(
    "The provisioner's role lacks a right on this cell.",
    "Give it CREATEDB, CREATEROLE and, from a superuser, pg_monitor and pg_signal_backend.",
  ),
  WT_CELL_FOREIGN_OBJECT: operation(
    "An object of that name is there and was not made by this operation.",
    "Rename or remove it, or choose another slug; it is never touched.",
  ),
  WT_PROVISION_LEAK: {
    kind: "AccessDeniedError",
    what: "The intrusion test got in: the new place is not closed, so the tenant was not activated.",
    next: "Look at the operation's last step: watertight operations show.",
    retryable: false,
  },
};

// packages/control/src/errors/control-error.ts
var brand = /* @__PURE__ */ Symbol.for("watertight.error.v1");
var ControlError = class extends Error {
  name;
  /** Stable; see {@link controlErrorCodes}. */
  code;
  /** What the thrower added. */
  detail;
  /** The next step. */
  hint;
  /** Whether the same call can succeed later without a change. */
  retryable;
  /** Where the code is documented, relative to the repository. */
  docUrl;
  constructor(code, details = {}) {
    const entry = controlErrorCodes[code];
    const hint = details.next ?? entry.next;
    super(
      `${code}: ${entry.what}${details.detail ? ` (${details.detail})` : ""} ${hint}`,
      details.cause === void 0 ? void 0 : { cause: details.cause },
    );
    this.name = entry.kind;
    this.code = code;
    this.detail = details.detail;
    this.hint = hint;
    this.retryable = details.retryable ?? entry.retryable;
    this.docUrl = `docs/control.md#${code.toLowerCase()}`;
    Object.defineProperty(this, brand, { value: true });
  }
};
function controlError(code, details) {
  return new ControlError(code, details);
}

// packages/control/src/operations/failure.ts
var passingStates = /^(08|53|57P0[1-3]|55P03|55006|40001|40P01)/;
var passingSystem = /* @__PURE__ */ new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
function isPassing(error) {
  const { code, retryable, message } = error;
  if (code === "53100") return false;
  if (retryable === true) return true;
  if (typeof code === "string" && (passingStates.test(code) || passingSystem.has(code))) return true;
  return (
    typeof message === "string" &&
    /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(
      message,
    )
  );
}
function failureOf(error, step3) {
  const { code, message, hint } = error;
  return {
    code: typeof code === "string" ? code : "WT_UNEXPECTED",
    message: redact(typeof message === "string" ? message : String(error)).slice(0, 2e3),
    ...(typeof hint === "string" && hint !== "" ? { hint: redact(hint).slice(0, 500) } : {}),
    ...(step3 === void 0 ? {} : { step: step3 }),
  };
}
function redact(text2) {
  return text2
    .replaceAll(/\b(postgres(?:ql)?:\/\/[^:@/\s]*):[^@\s]*@/g, "$1:\u2026@")
    .replaceAll(/\b(password\s*(?:=|:)?\s*)'[^']*'/gi, "$1'\u2026'");
}

// packages/control/src/operations/operation-rows.ts
var operationColumns = `o.id, o.kind, o.subject, o.state, o.direction, o.input, o.output, o.error, o.requested_by as "requestedBy", o.approved_by as "approvedBy",
  o.cancel_requested as "cancelRequested", o.attempts, o.lease_owner as "leaseOwner", o.lease_token::text as "leaseToken", o.created_at as "createdAt",
  o.started_at as "startedAt", o.finished_at as "finishedAt"`;
async function writeOperationEvent(tx, id, kind, data = {}) {
  await tx.query("insert into watertight_catalog.operation_event (operation, kind, data) values ($1, $2, $3)", [
    id,
    kind,
    JSON.stringify(data),
  ]);
}
async function getOperation(db, id) {
  const { rows } = await db.query(`select ${operationColumns} from watertight_catalog.operation o where o.id = $1`, [
    id,
  ]);
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `operation ${id}` });
  return rows[0];
}
async function listSteps(db, id) {
  const { rows } = await db.query(
    `select position, name, state, attempts, output, error, started_at as "startedAt", finished_at as "finishedAt"
       from watertight_catalog.operation_step where operation = $1 order by position`,
    [id],
  );
  return rows;
}

// packages/control/src/operations/lease.ts
var leaseMs = 6e3;
async function takeLease(pool, id, owner) {
  return withConnection(pool, async (db) => {
    const { rows } = await db.query(
      `update watertight_catalog.operation o
          set state = 'running', lease_owner = $2, lease_token = lease_token + 1, lease_until = clock_timestamp() + $3 * interval '1 ms',
              started_at = coalesce(started_at, clock_timestamp())
        where o.id = $1 and o.state in ('pending', 'running', 'waiting') and o.run_after <= clock_timestamp()
          and (o.lease_until is null or o.lease_until < clock_timestamp())
        returning ${operationColumns}`,
      [id, owner, leaseMs],
    );
    return rows[0];
  });
}
function holdLease(pool, id, token, outer) {
  const lost = new AbortController();
  let renewed = performance.now();
  let stopped = false;
  const lose = () => {
    if (!lost.signal.aborted) lost.abort(controlError("WT_OPERATION_LEASE_LOST", { detail: id }));
  };
  const renew = async () => {
    const began = performance.now();
    try {
      const held = await withConnection(pool, async (db) => {
        const { rows } = await db.query(
          `update watertight_catalog.operation set lease_until = clock_timestamp() + $3 * interval '1 ms'
            where id = $1 and lease_token = $2 and state = 'running' returning 1 as yes`,
          [id, token, leaseMs],
        );
        return rows.length > 0;
      });
      if (!held && !stopped) return lose();
      renewed = began;
    } catch {}
  };
  const timer = setInterval(() => {
    if (performance.now() - renewed > leaseMs * 0.8) lose();
    else void renew();
  }, leaseMs / 4);
  return {
    token,
    signal: AbortSignal.any([lost.signal, outer]),
    commit: (fn) =>
      inTransaction(pool, async (tx) => {
        const { rows } = await tx.query(
          "select 1 from watertight_catalog.operation where id = $1 and lease_token = $2 and state = 'running' for update",
          [id, token],
        );
        if (rows.length === 0) {
          lose();
          throw controlError("WT_OPERATION_LEASE_LOST", { detail: id });
        }
        return fn(tx);
      }),
    async release() {
      stopped = true;
      await withConnection(pool, (db) =>
        db.query(
          "update watertight_catalog.operation set lease_until = null where id = $1 and lease_token = $2 and state = 'running'",
          [id, token],
        ),
      );
    },
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}

// packages/control/src/operations/pause.ts
var Pause = class extends Error {
  until;
  constructor(until) {
    super(`waits until ${until.toISOString()}`);
    this.name = "Pause";
    this.until = until;
  }
};

// packages/control/src/operations/run-end.ts
var closers = /* @__PURE__ */ new WeakMap();
function atRunEnd(signal, close) {
  const all = closers.get(signal) ?? /* @__PURE__ */ new Set();
  closers.set(signal, all.add(close));
}
async function runEnded(signal) {
  const all = closers.get(signal) ?? /* @__PURE__ */ new Set();
  closers.delete(signal);
  await Promise.allSettled([...all].map((close) => close()));
}

// packages/control/src/operations/run-operation.ts
async function runOperation(options, id) {
  const operation3 = await takeLease(options.catalog, id, options.worker);
  if (operation3 === void 0) return { end: "busy" };
  const lease = holdLease(options.catalog, id, operation3.leaseToken, options.signal);
  try {
    return await new Run(options, operation3, lease).go();
  } catch (error) {
    if (options.signal.aborted) await lease.release().catch(() => {});
    if (lease.signal.aborted || error.code === "WT_OPERATION_LEASE_LOST") return { end: "lost" };
    throw error;
  } finally {
    lease.stop();
    await runEnded(lease.signal);
  }
}
var Run = class {
  #options;
  #lease;
  #actor;
  #operation;
  #steps = [];
  #input;
  constructor(options, operation3, lease) {
    this.#options = options;
    this.#operation = operation3;
    this.#lease = lease;
    this.#actor = { name: `worker:${options.worker}` };
  }
  async go() {
    const kind = this.#options.kinds.get(this.#operation.kind);
    try {
      if (kind === void 0) throw controlError("WT_OPERATION_KIND", { detail: this.#operation.kind });
      this.#input = kind.parse(this.#operation.input);
      this.#steps = kind.steps(this.#input);
    } catch (error) {
      return this.#end("failed", error);
    }
    return this.#operation.direction === "back" ? this.#back() : this.#forward();
  }
  async #forward() {
    const before = await withConnection(this.#options.catalog, (db) => listSteps(db, this.#operation.id));
    const done = new Set(before.filter(({ state }) => state === "done").map(({ position }) => position));
    for (const [position, step3] of this.#steps.entries()) {
      if (done.has(position)) continue;
      const past = this.#steps.slice(0, position).some(({ pointOfNoReturn }) => pointOfNoReturn === true);
      if (!past && (await this.#cancelled())) return this.#turn(void 0);
      try {
        await this.#step(position, step3);
      } catch (error) {
        this.#lease.signal.throwIfAborted();
        if (error instanceof Pause) return this.#rest(error.until, step3.name);
        if (isPassing(error) && this.#operation.attempts + 1 < (this.#options.mostAttempts ?? 8))
          return this.#later(error, step3.name);
        await this.#recordFailure(position, error);
        return past || step3.pointOfNoReturn === true
          ? this.#end("failed", error, step3.name)
          : this.#turn(error, step3.name);
      }
    }
    return this.#end("succeeded");
  }
  async #step(position, step3) {
    const context2 = this.#context();
    const place = (where) => this.#options.failpoint(`${this.#operation.kind}.${step3.name}.${where}`);
    place("before");
    await this.#lease.commit(async (tx) => {
      await tx.query(
        `insert into watertight_catalog.operation_step as s (operation, position, name) values ($1, $2, $3)
         on conflict (operation, position) do update set state = 'running', attempts = s.attempts + 1, error = null, finished_at = null`,
        [this.#operation.id, position, step3.name],
      );
      await writeOperationEvent(tx, this.#operation.id, "step_started", {
        step: step3.name,
        of: this.#steps.length,
        position,
      });
    });
    place("started");
    await step3.before?.(context2);
    let output = {};
    if (!(await step3.observe(context2))) {
      place("observed");
      output = (await step3.act(context2)) ?? {};
      place("acted");
      if (!(await step3.observe(this.#context(output))))
        throw controlError("WT_OPERATION_UNVERIFIED", { detail: step3.name });
    }
    place("verified");
    this.#lease.signal.throwIfAborted();
    await this.#lease.commit(async (tx) => {
      await tx.query(
        "update watertight_catalog.operation_step set state = 'done', output = $3, finished_at = clock_timestamp() where operation = $1 and position = $2",
        [this.#operation.id, position, JSON.stringify(output)],
      );
      await tx.query("update watertight_catalog.operation set output = output || $2, attempts = 0 where id = $1", [
        this.#operation.id,
        JSON.stringify(output),
      ]);
      await writeOperationEvent(tx, this.#operation.id, "step_done", { step: step3.name, position });
    });
    place("recorded");
    this.#operation = { ...this.#operation, output: { ...this.#operation.output, ...output }, attempts: 0 };
  }
  /** Undoes, last step first, everything that was begun. */
  async #back() {
    const begun = await withConnection(this.#options.catalog, (db) => listSteps(db, this.#operation.id));
    for (const row3 of begun.toReversed()) {
      if (row3.state === "undone") continue;
      const step3 = this.#steps[row3.position];
      const place = (where) => this.#options.failpoint(`${this.#operation.kind}.${row3.name}.undo.${where}`);
      try {
        place("before");
        await step3?.undo?.(this.#context());
        place("acted");
      } catch (error) {
        this.#lease.signal.throwIfAborted();
        if (isPassing(error) && this.#operation.attempts + 1 < (this.#options.mostAttempts ?? 8))
          return this.#later(error, row3.name);
        return this.#end("failed", error, row3.name);
      }
      await this.#lease.commit(async (tx) => {
        await tx.query(
          "update watertight_catalog.operation_step set state = 'undone', finished_at = clock_timestamp() where operation = $1 and position = $2",
          [this.#operation.id, row3.position],
        );
        await tx.query("update watertight_catalog.operation set attempts = 0 where id = $1", [this.#operation.id]);
        await writeOperationEvent(tx, this.#operation.id, "step_undone", { step: row3.name, position: row3.position });
      });
      place("recorded");
    }
    return this.#end(this.#operation.error === null ? "cancelled" : "failed");
  }
  async #turn(error, step3) {
    const failure2 = error === void 0 ? null : failureOf(error, step3);
    await this.#lease.commit(async (tx) => {
      await tx.query(
        "update watertight_catalog.operation set direction = 'back', error = $2, attempts = 0 where id = $1",
        [this.#operation.id, failure2 === null ? null : JSON.stringify(failure2)],
      );
      await writeOperationEvent(tx, this.#operation.id, "undoing", failure2 === null ? {} : { error: failure2 });
    });
    this.#operation = { ...this.#operation, direction: "back", error: failure2, attempts: 0 };
    return this.#back();
  }
  async #later(error, step3) {
    const failure2 = failureOf(error, step3);
    const waitMs = Math.min(3e4, 500 * 2 ** this.#operation.attempts) * (0.75 + Math.random() / 2);
    const at = new Date(Date.now() + waitMs);
    await this.#lease.commit(async (tx) => {
      await tx.query(
        `update watertight_catalog.operation set state = 'waiting', attempts = attempts + 1, lease_until = null, lease_owner = null,
           run_after = clock_timestamp() + $2 * interval '1 ms' where id = $1`,
        [this.#operation.id, waitMs],
      );
      await writeOperationEvent(tx, this.#operation.id, "waiting", { error: failure2, at: at.toISOString() });
    });
    return { end: "later", at };
  }
  /** Waits for a time that a step named; a cancel wakes it up before. */
  async #rest(until, step3) {
    await this.#lease.commit(async (tx) => {
      await tx.query(
        "update watertight_catalog.operation set state = 'waiting', lease_until = null, lease_owner = null, run_after = $2 where id = $1",
        [this.#operation.id, until],
      );
      await writeOperationEvent(tx, this.#operation.id, "waiting", { step: step3, at: until.toISOString() });
    });
    return { end: "later", at: until };
  }
  async #end(end, error, step3) {
    const failure2 = error === void 0 ? this.#operation.error : failureOf(error, step3);
    this.#options.failpoint(`${this.#operation.kind}.end.before`);
    await this.#lease.commit(async (tx) => {
      await tx.query(
        `update watertight_catalog.operation set state = $2, error = $3, lease_until = null, lease_owner = null, finished_at = clock_timestamp() where id = $1`,
        [this.#operation.id, end, failure2 === null || end === "succeeded" ? null : JSON.stringify(failure2)],
      );
      if (end === "succeeded")
        await tx.query(
          "update watertight_catalog.cleanup set settled_at = clock_timestamp(), settled_as = 'kept' where operation = $1 and settled_at is null",
          [this.#operation.id],
        );
      await appendAudit(tx, this.#actor, `operation.${end}`, `operation:${this.#operation.id}`, {
        kind: this.#operation.kind,
        subject: this.#operation.subject,
        ...(failure2 === null ? {} : { error: failure2.code }),
      });
      await writeOperationEvent(tx, this.#operation.id, end, failure2 === null ? {} : { error: failure2 });
    });
    this.#options.failpoint(`${this.#operation.kind}.end.recorded`);
    return { end };
  }
  async #recordFailure(position, error) {
    await this.#lease.commit((tx) =>
      tx.query(
        "update watertight_catalog.operation_step set state = 'failed', error = $3, finished_at = clock_timestamp() where operation = $1 and position = $2",
        [this.#operation.id, position, JSON.stringify(failureOf(error))],
      ),
    );
  }
  async #cancelled() {
    return withConnection(
      this.#options.catalog,
      async (db) => (await getOperation(db, this.#operation.id)).cancelRequested,
    );
  }
  #context(output = {}) {
    const { catalog: catalog2, failpoint } = this.#options;
    const { id, kind } = this.#operation;
    return {
      operation: this.#operation,
      input: this.#input,
      output: { ...this.#operation.output, ...output },
      actor: this.#actor,
      signal: this.#lease.signal,
      catalog: catalog2,
      commit: (fn) => this.#lease.commit(fn),
      willMake: ({ cell, kind: what, name, database: database2 }) =>
        this.#lease.commit(async (tx) => {
          await tx.query(
            `insert into watertight_catalog.cleanup (operation, cell, kind, name, database) values ($1, $2, $3, $4, $5)
             on conflict (operation, cell, kind, database, name) do update set settled_at = null, settled_as = null`,
            [id, cell, what, name, database2 ?? ""],
          );
        }),
      progress: (data) => withConnection(catalog2, (db) => writeOperationEvent(db, id, "progress", data)),
      failpoint: (name) => failpoint(`${kind}.${name}`),
    };
  }
};

// packages/control/src/catalog/outbox.ts
async function writeEvent(tx, type, tenant, data) {
  await tx.query(
    `with written as (
       insert into watertight_catalog.outbox (type, tenant, data) values ($1, $2, $3) returning id
     )
     insert into watertight_catalog.delivery (event, webhook)
     select written.id, w.id from written, watertight_catalog.webhook w
      where w.active and (w.events = '{}' or $1 = any (w.events))`,
    [type, tenant ?? null, JSON.stringify(data)],
  );
}

// packages/control/src/catalog/refused.ts
function refused(error, what) {
  const { code, constraint } = error;
  if (code === "23505")
    return controlError("WT_CATALOG_DUPLICATE", { detail: `${what}: ${constraint ?? "unique"}`, cause: error });
  if (code === "23503")
    return controlError("WT_CATALOG_NOT_FOUND", { detail: `${what}: ${constraint ?? "reference"}`, cause: error });
  if (
    code === "23514" ||
    code === "22021" ||
    code === "22P05" ||
    code === "22003" ||
    code === "22P02" ||
    code === "23502"
  )
    return controlError("WT_CATALOG_INPUT", {
      detail: `${what}: ${constraint ?? error.message}`,
      cause: error,
    });
  throw error;
}

// packages/control/src/catalog/tenants.ts
var columns = `t.id, t.slug, t.name, t.tier, t.state, t.limits, t.metadata, t.version::text, t.created_at as "createdAt", t.delete_after as "deleteAfter"`;
async function insertTenants(tx, actor, tenants) {
  const what = tenants.length === 1 ? `tenant ${tenants[0].slug}` : `${tenants.length} tenants`;
  await tx
    .query(
      `insert into watertight_catalog.tenant (id, slug, name, tier, limits, metadata)
       select * from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]),
         pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::jsonb[]), pg_catalog.unnest($6::jsonb[]))`,
      [
        tenants.map(({ id }) => id),
        tenants.map(({ slug }) => slug),
        tenants.map(({ name }) => name),
        tenants.map(({ tier }) => tier ?? "standard"),
        tenants.map(({ limits }) => JSON.stringify(limits ?? {})),
        tenants.map(({ metadata }) => JSON.stringify(metadata ?? {})),
      ],
    )
    .catch((error) => {
      throw refused(error, what);
    });
  const names = tenants.flatMap(({ id, hostnames }) =>
    (hostnames ?? []).map((hostname) => ({ id, hostname: hostname.toLowerCase() })),
  );
  if (names.length > 0)
    await tx
      .query(
        "insert into watertight_catalog.hostname (hostname, tenant) select * from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]))",
        [names.map(({ hostname }) => hostname), names.map(({ id }) => id)],
      )
      .catch((error) => {
        throw refused(error, what);
      });
  if (tenants.length === 1)
    await appendAudit(tx, actor, "tenant.added", `tenant:${tenants[0].id}`, { slug: tenants[0].slug });
  else
    await appendAudit(tx, actor, "tenants.added", "tenants", {
      count: tenants.length,
      first: tenants[0]?.id,
      last: tenants.at(-1)?.id,
    });
}
async function getTenant(db, idOrSlug) {
  const { rows } = await db.query(
    `select ${columns} from watertight_catalog.tenant t where t.id = $1 or t.slug = $1 order by (t.id = $1) desc limit 1`,
    [idOrSlug],
  );
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `tenant ${idOrSlug}` });
  return rows[0];
}
async function moveTenantState(tx, actor, id, from, to) {
  const { rows } = await tx.query(
    `update watertight_catalog.tenant set state = $3, version = version + 1, updated_at = now()
      where id = $1 and state = any ($2) and state <> $3 returning state`,
    [id, from, to],
  );
  if (rows.length === 0) {
    const tenant = await getTenant(tx, id);
    if (tenant.state === to) return;
    throw controlError("WT_CATALOG_STATE", { detail: `tenant ${id} is ${tenant.state}, not ${from.join(" or ")}` });
  }
  await appendAudit(tx, actor, `tenant.${to}`, `tenant:${id}`);
  await writeEvent(tx, `tenant.${to}`, id, {});
}

// packages/control/src/cells/cell-url.ts
function cellUrl(adminUrl, database2, login) {
  let url;
  try {
    url = new URL(adminUrl);
  } catch {
    throw controlError("WT_SECRET", { detail: "the provisioner's connection string is not a postgres:// URL" });
  }
  if (database2 !== void 0) url.pathname = `/${encodeURIComponent(database2)}`;
  if (login !== void 0) {
    url.username = encodeURIComponent(login.role);
    url.password = encodeURIComponent(login.password);
  }
  return url.href;
}

// packages/control/src/cells/fenced-session.ts
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
var prefix = (operation3) => `watertight ${operation3} `;
async function onCell(context2, connectionString, fn, limits = {}) {
  const session = await open(context2, connectionString, limits);
  try {
    return await use(context2, session, fn);
  } finally {
    await session.close();
  }
}
var shared = /* @__PURE__ */ new WeakMap();
async function onSharedSession(context2, connectionString, fn, limits = {}) {
  const { signal } = context2;
  signal.throwIfAborted();
  const sessions = shared.get(signal) ?? /* @__PURE__ */ new Map();
  shared.set(signal, sessions);
  const known = sessions.get(connectionString);
  const opening = known ?? open(context2, connectionString, limits);
  if (known === void 0) {
    sessions.set(connectionString, opening);
    atRunEnd(signal, async () => (await opening).close());
  }
  try {
    const session = await opening;
    return await use(context2, session, fn);
  } catch (error) {
    sessions.delete(connectionString);
    await opening.then((session) => session.close()).catch(() => {});
    throw error;
  }
}
async function open(context2, connectionString, { statementMs = 3e4, lockMs = 5e3 }) {
  const { operation: operation3, signal } = context2;
  signal.throwIfAborted();
  const client = new pg.Client({
    connectionString,
    application_name: prefix(operation3.id) + operation3.leaseToken,
    connectionTimeoutMillis: 1e4,
    keepAlive: true,
    options: `-c statement_timeout=${statementMs} -c lock_timeout=${lockMs} -c idle_in_transaction_session_timeout=${statementMs}`,
  });
  const stop = () => void client.end().catch(() => {});
  const session = {
    client,
    lost: void 0,
    async close() {
      signal.removeEventListener("abort", stop);
      await client.end().catch(() => {});
    },
  };
  client.on("error", (error) => {
    session.lost = error;
  });
  try {
    await client.connect();
  } catch (error) {
    throw controlError("WT_CELL_UNREACHABLE", {
      detail: error.code ?? error.message,
      cause: error,
    });
  }
  signal.addEventListener("abort", stop, { once: true });
  try {
    await endEarlier(client, operation3.id, operation3.leaseToken, signal);
    await context2.commit(async () => {});
    return session;
  } catch (error) {
    await session.close();
    signal.throwIfAborted();
    throw error;
  }
}
async function use({ signal }, session, fn) {
  try {
    return await fn(session.client);
  } catch (error) {
    signal.throwIfAborted();
    const { lost } = session;
    throw lost === void 0 ? error : controlError("WT_CELL_UNREACHABLE", { detail: lost.message, cause: error });
  }
}
async function endEarlier(client, operation3, token, signal) {
  for (let tries = 0; tries < 100; tries++) {
    const { rows } = await client.query(
      `select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
        where pg_catalog.left(application_name, $2) = $1 and pid <> pg_catalog.pg_backend_pid()
          and pg_catalog.substr(application_name, $2 + 1) ~ '^[0-9]+$' and pg_catalog.substr(application_name, $2 + 1)::bigint < $3`,
      [prefix(operation3), prefix(operation3).length, token],
    );
    if (rows.length === 0) return;
    await sleep(50, void 0, { signal });
  }
  throw controlError("WT_CELL_UNREACHABLE", { detail: "a session of an earlier lease does not end" });
}

// packages/control/src/cells/statement-log.ts
import { createHash } from "node:crypto";
var harmless =
  /^\s*(select|show|begin|commit|rollback|savepoint|release|set\s+local|set\s+constraints|reset)\b(?![\s\S]*;\s*\S)/i;
var longest = 600;
function loggedStatement(text2) {
  const safe = text2
    .replaceAll(/\bpassword\s+(E?)'(?:[^']|'')*'/gi, "password '\u2026'")
    .replaceAll(/SCRAM-SHA-256\$[^'\s]+/g, "\u2026")
    .trim();
  if (safe.length <= longest) return safe;
  return `${safe.slice(0, longest)}\u2026 (${safe.length} characters, sha256 ${createHash("sha256").update(safe).digest("hex")})`;
}
function loggedSession(context2, cell, database2, client) {
  let waiting = [];
  const flush = async () => {
    if (waiting.length === 0) return;
    const statements = waiting;
    waiting = [];
    await context2.commit((tx) =>
      appendAudit(tx, context2.actor, "provisioner.statements", `operation:${context2.operation.id}`, {
        cell,
        ...(database2 === void 0 ? {} : { database: database2 }),
        statements,
      }),
    );
  };
  return {
    flush,
    session: {
      async query(text2, params) {
        waiting.push(loggedStatement(text2));
        if (!harmless.test(text2)) await flush();
        return client.query(text2, params);
      },
    },
  };
}

// packages/control/src/cells/on-place.ts
var usual = { statementMs: 3e5 };
async function onPlace(context2, secrets, { cell, database: database2 }, fn, limits) {
  const url = cellUrl(await secrets.read(cell.adminSecret), database2);
  const logged = async (client) => {
    const { session, flush } = loggedSession(context2, cell.id, database2, client);
    try {
      return await fn(session);
    } catch (error) {
      throw refusal(error, cell.id);
    } finally {
      await flush();
    }
  };
  return limits === void 0 ? onSharedSession(context2, url, logged, usual) : onCell(context2, url, logged, limits);
}
function refusal(error, cell) {
  const { code, message } = error;
  if (code === "53100") return controlError("WT_CELL_DISK_FULL", { detail: `cell ${cell}`, cause: error });
  if (code === "58030" && /no space left/i.test(message ?? ""))
    return controlError("WT_CELL_DISK_FULL", { detail: `cell ${cell}`, cause: error });
  if (code === "55006") return controlError("WT_CELL_TEMPLATE", { detail: `cell ${cell}`, cause: error });
  if (code === "42501" || code === "WT_KIT_PRIVILEGE")
    return controlError("WT_CELL_PRIVILEGE", { detail: `cell ${cell}: ${message}`, cause: error });
  return error;
}

// packages/control/src/catalog/placements.ts
var columns2 = `id, cell, model, database, schema, state, rw_role as "rwRole", ro_role as "roRole", rw_secret as "rwSecret", ro_secret as "roSecret", key_secret as "keySecret"`;
async function getLocation(db, id) {
  const { rows } = await db.query(`select ${columns2} from watertight_catalog.location where id = $1`, [id]);
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `location ${id}` });
  return rows[0];
}
async function setLocationState(tx, actor, id, state) {
  const { rows } = await tx.query(
    "update watertight_catalog.location set state = $2, version = version + 1 where id = $1 and state <> $2 and state <> 'retired' returning id",
    [id, state],
  );
  if (rows.length > 0) await appendAudit(tx, actor, `location.${state}`, `location:${id}`);
}
async function activePlacement(db, tenant, service) {
  const { rows } = await db.query(
    `select location, schema_version as "schemaVersion" from watertight_catalog.placement where tenant = $1 and service = $2 and state = 'active'`,
    [tenant, service],
  );
  return rows[0];
}
async function prepareTenantPlacement(tx, tenant, service, location) {
  await tx
    .query(
      `insert into watertight_catalog.placement as p (tenant, service, location) values ($1, $2, $3)
       on conflict (tenant, service, location) do update set state = 'incoming', updated_at = now() where p.state = 'retired'`,
      [tenant, service, location],
    )
    .catch((error) => {
      throw refused(error, `placement of ${tenant} for ${service}`);
    });
}
async function activatePlacement(tx, actor, placement) {
  const { tenant, service, location, schemaVersion } = placement;
  const { rows } = await tx.query("select min_version from watertight_catalog.service where id = $1 for share", [
    service,
  ]);
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `service ${service}` });
  const least = rows[0]["min_version"];
  if (schemaVersion < least)
    throw controlError("WT_CATALOG_STATE", {
      detail: `schema version ${schemaVersion} is below ${least}, which ${service} serves`,
      next: "Migrate it first; the operation does when it is retried.",
      retryable: true,
    });
  const changed = await tx
    .query(
      `update watertight_catalog.placement set state = 'active', schema_version = $4, updated_at = now()
        where tenant = $1 and service = $2 and location = $3 and (state, schema_version) is distinct from ('active', $4) returning 1 as yes`,
      [tenant, service, location, schemaVersion],
    )
    .catch((error) => {
      throw refused(error, `placement of ${tenant} for ${service}`);
    });
  if (changed.rows.length > 0)
    await appendAudit(tx, actor, "placement.active", `tenant:${tenant}`, { service, location, schemaVersion });
}
async function retirePlacement(tx, actor, tenant, service, location) {
  const { rows } = await tx.query(
    "update watertight_catalog.placement set state = 'retired', updated_at = now() where tenant = $1 and service = $2 and location = $3 and state <> 'retired' returning 1 as yes",
    [tenant, service, location],
  );
  if (rows.length > 0) await appendAudit(tx, actor, "placement.retired", `tenant:${tenant}`, { service, location });
}

// packages/schema/src/errors/kit-codes.ts
var row = (what, next) => ({ what, next });
var kitErrorCodes = {
  WT_KIT_NAME: row("A name cannot be used in SQL.", "Correct the name."),
  WT_KIT_OPTION: row("An option of the kit has a value that is not accepted.", "Correct the option named here."),
  WT_KIT_NOT_INSTALLED: row("This database has no Watertight kit.", "Run: watertight kit install"),
  WT_KIT_OUTDATED: row("The kit in this database is older than this program.", "Run: watertight kit upgrade"),
  WT_KIT_TOO_NEW: row("The kit in this database is newer than this program.", "Update the watertight packages."),
  WT_KIT_EDITED: row(
    "A numbered SQL file that was applied here differs from the file of this package.",
    "Restore the published file; changes belong in a new numbered file.",
  ),
  WT_KIT_SCHEMA_TAKEN: row(
    "A schema named watertight exists and is not ours.",
    "Rename or drop that schema, then run: watertight kit install",
  ),
  WT_KIT_VERSION: row("PostgreSQL 15 or newer is needed.", "Use a server of version 15 to 18."),
  WT_KIT_PRIVILEGE: row(
    "The connected role lacks a right that this step needs.",
    "Connect as a superuser, or as the owner of the database with CREATEROLE.",
  ),
  WT_KIT_ROLE_UNSAFE: row(
    "A role that the kit would rely on has rights that defeat it.",
    "Give the kit another role name, or correct the role.",
  ),
  WT_KIT_ROLES_DIFFER: row(
    "The kit was installed here with other role names.",
    "Leave the role options out, or uninstall first: watertight kit uninstall",
  ),
  WT_KIT_KEY: row("The key cannot be used.", "Run: watertight kit keys list"),
  WT_KIT_KEY_LAST: row(
    "The last key cannot be retired: nothing could open a context any more.",
    "Run: watertight kit keys rotate",
  ),
  WT_KIT_IN_USE: row(
    "Objects of the application use the kit's functions, so it was not removed.",
    "Change or drop the objects named here, then run: watertight kit uninstall",
  ),
  WT_KIT_TABLE: row(
    "There is no such table, or it cannot be protected.",
    "Name an ordinary or partitioned table as schema.table.",
  ),
  WT_KIT_TENANT_COLUMN: row(
    "The tenant column of the table could not be determined.",
    "Name it: watertight kit protect <table> --column <name>, or --parent for a derived table.",
  ),
  WT_KIT_TENANT_TYPE: row(
    "The tenant column has a type that the kit does not support.",
    "Use uuid, integer, bigint or text.",
  ),
  WT_KIT_TENANT_NULLS: row(
    "Rows without a tenant exist in the table.",
    "Fill the tenant column in every row, then protect again.",
  ),
  WT_KIT_PARENT: row(
    "The parent of a derived table is not protected.",
    "Protect the parent first: watertight kit protect <parent>",
  ),
  WT_KIT_NOT_PROTECTED: row("The table is not protected by the kit.", "Run: watertight kit protect <table>"),
  WT_KIT_TENANT: row("The tenant could not be registered or changed.", "Run: watertight kit tenants list"),
};

// packages/schema/src/errors/kit-error.ts
var brand2 = /* @__PURE__ */ Symbol.for("watertight.error.v1");
var KitError = class extends Error {
  name = "ConfigurationError";
  /** Stable; see {@link kitErrorCodes}. */
  code;
  /** The next step. */
  hint;
  /** Whether the same call can succeed later without a change. */
  retryable = false;
  /** Where the code is documented, relative to the repository. */
  docUrl;
  constructor(code, details = {}) {
    const entry = kitErrorCodes[code];
    const hint = details.next ?? entry.next;
    super(
      `${code}: ${entry.what}${details.detail ? ` (${details.detail})` : ""} ${hint}`,
      details.cause === void 0 ? void 0 : { cause: details.cause },
    );
    this.code = code;
    this.hint = hint;
    this.docUrl = `docs/kit.md#${code.toLowerCase()}`;
    Object.defineProperty(this, brand2, { value: true });
  }
};
function kitError(code, details) {
  return new KitError(code, details);
}

// packages/schema/src/db/quote.ts
function quoteName(name) {
  if (name === "" || name.includes("\0"))
    throw kitError("WT_KIT_NAME", { detail: "an SQL name is empty or holds a NUL" });
  return `"${name.replaceAll('"', '""')}"`;
}
function quoteQualified(schema, name) {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
function quoteText(value) {
  const doubled = value.replaceAll("'", "''");
  return doubled.includes("\\") ? `E'${doubled.replaceAll("\\", "\\\\")}'` : `'${doubled}'`;
}

// packages/schema/src/db/caller.ts
async function describeCaller(db) {
  const { rows } = await db.query(
    `select current_user::text as user, r.rolsuper as superuser, r.rolbypassrls or r.rolsuper as bypass, r.rolcreaterole or r.rolsuper as createrole,
            pg_catalog.current_setting('server_version_num')::int as version, d.datname::text as database,
            pg_catalog.pg_has_role(r.oid, d.datdba, 'USAGE') as owns
       from pg_catalog.pg_roles r, pg_catalog.pg_database d
      where r.rolname = current_user and d.datname = pg_catalog.current_database()`,
  );
  const row3 = rows[0];
  if (row3.version < 15e4) throw kitError("WT_KIT_VERSION", { detail: `server_version_num ${row3.version}` });
  return {
    user: row3.user,
    superuser: row3.superuser,
    bypassRls: row3.bypass,
    createRole: row3.createrole,
    version: row3.version,
    database: row3.database,
    ownsDatabase: row3.owns,
  };
}

// packages/schema/src/db/transaction.ts
var KitTransaction = class {
  /** Statements that changed something, in order. */
  statements = [];
  caller;
  #db;
  #savepoints = 0;
  constructor(db, caller) {
    this.#db = db;
    this.caller = caller;
  }
  /** Reads. */
  async rows(text2, params) {
    return (await this.#db.query(text2, params)).rows;
  }
  /** Changes something; the text is recorded. */
  async run(text2, params) {
    this.statements.push(text2);
    return (await this.#db.query(text2, params)).rows;
  }
  /** Runs `fn`; when the database refuses, undoes it alone and returns the error. */
  async attempt(fn) {
    const name = `watertight_${++this.#savepoints}`;
    const before = this.statements.length;
    await this.#db.query(`savepoint ${name}`);
    try {
      await fn();
      await this.#db.query(`release savepoint ${name}`);
      return void 0;
    } catch (error) {
      await this.#db.query(`rollback to savepoint ${name}`);
      this.statements.length = before;
      return error;
    }
  }
  /** Runs `fn` as another role and comes back to the present one. */
  async as(role, fn) {
    const [before] = await this.rows("select pg_catalog.current_setting('role') as role");
    await this.#db.query("select pg_catalog.set_config('role', $1, true)", [role]);
    const result2 = await fn();
    await this.#db.query("select pg_catalog.set_config('role', $1, true)", [before.role]);
    return result2;
  }
};
var collisions = /* @__PURE__ */ new Set(["23505", "42710", "40001", "40P01", "XX000"]);
async function inKitTransaction(db, dryRun, fn) {
  for (let attempt = 1; ; attempt++) {
    await db.query("begin isolation level read committed read write");
    try {
      const tx = new KitTransaction(db, await describeCaller(db));
      await db.query(
        "set local search_path = pg_catalog, pg_temp; set local client_min_messages = warning; set local row_security = on",
      );
      const result2 = await fn(tx);
      await db.query(dryRun ? "rollback" : "commit");
      return result2;
    } catch (error) {
      await db.query("rollback");
      const code = error.code ?? "";
      if (collisions.has(code) && attempt < 8) {
        await new Promise((resolve2) => setTimeout(resolve2, 20 * attempt + Math.random() * 50));
        continue;
      }
      if (code === "42501") throw kitError("WT_KIT_PRIVILEGE", { detail: error.message, cause: error });
      throw error;
    }
  }
}

// packages/schema/src/db/membership.ts
async function withMembership(tx, roles, fn) {
  const giveBack = [];
  for (const role of roles) giveBack.push(...(await borrow(tx, role)));
  const result2 = await fn();
  for (const undo of giveBack.reverse()) await undo();
  return result2;
}
async function borrow(tx, role) {
  const { caller } = tx;
  if (caller.superuser || role === caller.user) return [];
  const modern = caller.version >= 16e4;
  const [has] = await tx.rows(
    modern
      ? `select pg_catalog.pg_has_role(current_user, $1, 'USAGE') and pg_catalog.pg_has_role(current_user, $1, 'SET') as yes`
      : `select pg_catalog.pg_has_role(current_user, $1, 'USAGE') as yes`,
    [role],
  );
  if (has.yes) return [];
  const before = modern ? await ownGrant(tx, role) : void 0;
  const grant = `grant ${quoteName(role)} to ${quoteName(caller.user)}`;
  const refused2 = await tx.attempt(async () => {
    await tx.run(modern ? `${grant} with inherit true, set true` : grant);
  });
  if (refused2)
    throw kitError("WT_KIT_PRIVILEGE", {
      detail: `${caller.user} cannot become a member of ${role}: ${refused2.message}`,
      next: `Ask the role's maker for: ${grant} with admin option`,
      cause: refused2,
    });
  return [
    () =>
      before
        ? tx.run(`${grant} with inherit ${before.inherit}, set ${before.set}`)
        : tx.run(
            `revoke ${quoteName(role)} from ${quoteName(caller.user)}${modern ? ` granted by ${quoteName(caller.user)}` : ""}`,
          ),
  ];
}
async function ownGrant(tx, role) {
  const [row3] = await tx.rows(
    `select m.inherit_option as inherit, m.set_option as set, m.admin_option as admin
       from pg_catalog.pg_auth_members m
      where m.roleid = $1::regrole and m.member = current_user::regrole and m.grantor = current_user::regrole`,
    [quoteName(role)],
  );
  return row3;
}

// packages/schema/src/install/role-names.ts
var roleKinds = ["owner", "migrator", "app", "readonly", "control", "prober"];
var defaultRoles = {
  owner: "watertight_owner",
  migrator: "watertight_migrator",
  app: "watertight_app",
  readonly: "watertight_readonly",
  control: "watertight_control",
  prober: "watertight_prober",
};
function resolveRoles(given, base = defaultRoles) {
  const roles = { ...base, ...given };
  const names = roleKinds.map((kind) => roles[kind]);
  for (const name of names) {
    if (
      name === "" ||
      name.includes("\0") ||
      Buffer.byteLength(name) > 63 ||
      name.startsWith("pg_") ||
      name === "public"
    )
      throw kitError("WT_KIT_OPTION", { detail: `role name ${JSON.stringify(name)}` });
  }
  if (new Set(names).size !== names.length)
    throw kitError("WT_KIT_OPTION", { detail: "two of the kit's roles have the same name" });
  return roles;
}

// packages/schema/src/install/installed.ts
async function installedKit(tx) {
  const [there] = await tx.rows(
    "select pg_catalog.to_regclass('watertight.migration') is not null and pg_catalog.to_regclass('watertight.setting') is not null as yes",
  );
  if (!there.yes) return void 0;
  const rows = await tx.rows("select name, value from watertight.setting");
  const settings = new Map(rows.map((row3) => [row3.name, row3.value]));
  if (!settings.has("level")) return void 0;
  const [version] = await tx.rows("select coalesce(pg_catalog.max(number), 0) as number from watertight.migration");
  const names = roleKinds.map((kind) => [
    kind,
    settings.get(kind === "prober" ? "prober_name" : kind) || defaultRoles[kind],
  ]);
  const roles = Object.fromEntries(names);
  return {
    version: version.number,
    level: settings.get("level"),
    roles,
    hasProber: (settings.get("prober") ?? "") !== "",
  };
}
async function asKitMember(tx, fn) {
  const [found] = await tx.rows(
    "select pg_catalog.pg_get_userbyid(n.nspowner)::text as owner from pg_catalog.pg_namespace n where n.nspname = 'watertight'",
  );
  return found ? withMembership(tx, [found.owner], fn) : fn();
}
async function requireKit(tx) {
  const kit = await installedKit(tx);
  if (!kit) throw kitError("WT_KIT_NOT_INSTALLED");
  return kit;
}

// packages/schema/src/install/sql-files.ts
import { createHash as createHash2 } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
var folder = new URL("../../sql/", "file:///work/h5/packages/schema/src/install/sql-files.ts");
function load(path, number, name) {
  const text2 = readFileSync(new URL(path, folder), "utf8").replaceAll("\r\n", "\n");
  return { number, name, text: text2, checksum: createHash2("sha256").update(text2).digest("hex") };
}
function numberedFiles() {
  return readdirSync(folder)
    .flatMap((file) => {
      const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
      return match ? [load(file, Number(match[1]), file.slice(0, -4))] : [];
    })
    .sort((a, b) => a.number - b.number);
}
function levelFile(level) {
  const name = level === "plain" ? "plain" : "sealed";
  return load(`level/${name}.sql`, 0, name);
}
function fillRoles(text2, roles) {
  return text2.replace(/(?<!:):"([a-z]+)"/g, (_, kind) => quoteName(roles[kind]));
}

// packages/schema/src/install/with-kit.ts
async function withKit(db, dryRun, fn) {
  return inKitTransaction(db, dryRun, (tx) =>
    asKitMember(tx, async () => {
      const kit = await requireKit(tx);
      const newest = numberedFiles().at(-1).number;
      if (kit.version < newest) throw kitError("WT_KIT_OUTDATED", { detail: `file ${kit.version} of ${newest}` });
      return fn(tx, kit);
    }),
  );
}

// packages/schema/src/protect/find-table.ts
async function findTable(db, name) {
  for (const text2 of [name, `"${name.replaceAll('"', '""')}"`]) {
    const found = await lookUp(db, text2);
    if (!found) continue;
    if (["pg_catalog", "information_schema", "watertight"].includes(found.schema)) break;
    return found;
  }
  throw kitError("WT_KIT_TABLE", { detail: name });
}
async function lookUp(db, text2) {
  try {
    const { rows } = await db.query(
      `select c.oid::bigint as oid, n.nspname::text as schema, c.relname::text as name
         from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = pg_catalog.to_regclass($1)`,
      [text2],
    );
    const [row3] = rows;
    return row3 && { oid: Number(row3.oid), schema: row3.schema, name: row3.name };
  } catch {
    return void 0;
  }
}

// packages/schema/src/tenants/with-tenant-rights.ts
async function withTenantRights(db, fn) {
  const { rows } = await db.query(
    `select pg_catalog.has_schema_privilege(n.oid, 'usage') and exists (
              select from pg_catalog.pg_proc p where p.pronamespace = n.oid and p.proname = 'set_tenant_state' and pg_catalog.has_function_privilege(p.oid, 'execute')) as yes
       from pg_catalog.pg_namespace n where n.nspname = 'watertight'`,
  );
  return rows[0]?.yes === true ? inKitTransaction(db, false, fn) : withKit(db, false, fn);
}

// packages/schema/src/tenants/tenants.ts
var tenantStates = ["incoming", "active", "suspended", "maintenance", "moving", "moved", "deleted"];
async function setTenantState(db, tenant, state, options = {}) {
  if (!tenantStates.includes(state)) throw kitError("WT_KIT_OPTION", { detail: `state ${state}` });
  await withTenantRights(db, async (tx) => {
    await tx.rows("select pg_catalog.set_config('lock_timeout', $1, true)", [String(options.lockTimeoutMs ?? 2e3)]);
    try {
      await tx.run("select watertight.set_tenant_state($1, $2, $3)", [tenant, state, options.goto ?? null]);
    } catch (error) {
      if (error.code !== "WT002") throw error;
      throw kitError("WT_KIT_TENANT", { detail: "not registered in this database", cause: error });
    }
  });
}

// packages/runtime/src/errors/codes.ts
var row2 =
  (kind, retryable = false) =>
  (what, next) => ({ kind, retryable, what, next });
var config2 = row2("ConfigurationError");
var context = row2("ContextError");
var denied = row2("AccessDeniedError");
var database = row2("DatabaseError");
var passing = row2("DatabaseError", true);
var operation2 = row2("OperationError", true);
var errorCodes = {
  WT_CONFIG: config2("Option not accepted.", "Correct it."),
  WT_DRIVER_UNSUPPORTED: config2(
    "Driver can not be scoped.",
    "Use pg 8.21+ (not native, no pipeline), postgres 3.4+ or PGlite 0.5+.",
  ),
  WT_KEY_INVALID: config2("Key missing or malformed.", "Set WATERTIGHT_KEY as `watertight kit install` prints it."),
  WT_KIT_MISSING: config2("No kit for this role here.", "Run `watertight kit install`; connect as the app role."),
  WT_KIT_TOO_OLD: config2("Kit too old.", "Run `watertight kit install`."),
  WT_LEVEL_MISMATCH: config2("The kit has another level.", "Use the level of the kit."),
  WT_ROLE_UNSAFE: config2("Row security does not bind this role.", "Connect as the app role."),
  WT_ROLE_NOT_HARDENED: config2("This role may create objects.", "See `watertight kit status`, or use level hostile."),
  WT_CONTEXT_LEAK: config2("Settings cross transactions.", "Connect without this pooler."),
  WT_TOKEN_REFUSED: config2("Token refused.", "Compare WATERTIGHT_KEY with `watertight kit status`, and the clocks."),
  WT_UNSCOPED: config2("No reason or no connection.", "Give {reason} and the option unscoped."),
  WT_NO_TENANT: context("No tenant; nothing was sent.", "Use tenancy.run(tenant, fn) or pool.for(tenant)."),
  WT_TENANT_INVALID: context("Not a tenant id; nothing was sent.", "Check its source and tenantIdType."),
  WT_TENANT_MISMATCH: context("Used for another tenant than its own.", "Open a scope for that tenant."),
  WT_SECOND_TENANT: context("Second tenant in one transaction.", "End it first."),
  WT_CONTEXT_LOST: context("Tenant table used without a context.", "Do not end transactions by hand in a scope."),
  WT_SCOPE_ENDED: context("Used after its end.", "Await every query before."),
  WT_NEEDS_TRANSACTION: context("Cursor, stream or COPY outside a transaction.", "Use transaction() or stream()."),
  WT_SIMPLE_PROTOCOL: context("The simple protocol is refused.", "Use tx.copyTo() or tx.copyFrom()."),
  WT_ACCESS_DENIED: denied(
    "Refused by the database.",
    "A security event; or a missing grant: see `watertight kit status`.",
  ),
  WT_ROW_NOT_FOUND: denied("No such row.", "Answer 404."),
  WT_TENANT_NOT_SERVED: passing("Tenant not served here.", "Register it, or give the pool routes."),
  WT_STATEMENT_TIMEOUT: passing("Time limit exceeded; rolled back.", "Speed it up or raise statementTimeoutMs."),
  WT_QUERY_TIMEOUT: database(
    "No answer in query_timeout; outcome unknown.",
    "Check before repeating a write; prefer statementTimeoutMs.",
  ),
  WT_ABORTED: database("Aborted; outcome unknown.", "Check before repeating a write."),
  WT_TRANSACTION_LEFT_OPEN: database("Transaction left open; connection closed.", "Use transaction() or connect()."),
  WT_ROLLED_BACK: passing("COMMIT rolled back: a statement had failed.", "Use savepoint()."),
  WT_COPY: database("COPY as a single query.", "Use tx.copyTo() or tx.copyFrom()."),
  WT_OPERATION_FAILED: operation2("Not completed.", "Read its log; safe to run again."),
};

// packages/runtime/src/errors/errors.ts
var brand3 = /* @__PURE__ */ Symbol.for("watertight.error.v1");
var WatertightError = class extends Error {
  name;
  /** Stable, documented in docs/errors.md. */
  code;
  /** The next step for the person who must act. */
  hint;
  /** Whether the same call can succeed when it is repeated later. */
  retryable;
  /** Where the code is documented, relative to the repository. */
  docUrl;
  /** SQLSTATE when the database refused; undefined when nothing was sent. */
  sqlstate;
  constructor(code, details = {}) {
    const entry = errorCodes[code];
    super(`${code}: ${entry.what}${details.detail ? ` (${details.detail})` : ""} ${entry.next}`, details);
    this.name = entry.kind;
    this.code = code;
    this.hint = entry.next;
    this.retryable = details.retryable ?? entry.retryable;
    this.docUrl = `docs/errors.md#${code.toLowerCase()}`;
    this.sqlstate = details.sqlstate;
  }
  static {
    Object.defineProperty(this.prototype, brand3, { value: true });
  }
};
var ConfigurationError = class extends WatertightError {};
var ContextError = class extends WatertightError {};
var AccessDeniedError = class extends WatertightError {};
var DatabaseError = class extends WatertightError {};
var OperationError = class extends WatertightError {};
var classes = {
  ConfigurationError,
  ContextError,
  AccessDeniedError,
  DatabaseError,
  OperationError,
};
function failure(code, details) {
  return new classes[errorCodes[code].kind](code, details);
}

// packages/runtime/src/scope/token.ts
import { createHmac, createSecretKey } from "node:crypto";
function parseKeys(text2) {
  const [first, ...rest] = (text2 ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean)
    .map(parseKey);
  if (!first) throw failure("WT_KEY_INVALID");
  return [first, ...rest];
}
function parseKey(part) {
  const [, kid, encoded] = /^([a-z0-9]{4}):([\w-]{43})=?$/.exec(part) ?? [];
  if (!kid || !encoded) throw failure("WT_KEY_INVALID");
  return { kid, secret: createSecretKey(Buffer.from(encoded, "base64url")) };
}
function mintToken({ key: key2, tenant, pid, expiresAt }) {
  const body = Buffer.alloc(16 + Buffer.byteLength(tenant));
  body.writeBigInt64BE(BigInt(expiresAt));
  body.writeUInt32BE(pid, 8);
  body.write(key2.kid, 12, "latin1");
  body.write(tenant, 16);
  return `\\x${createHmac("sha256", key2.secret).update(body).digest("hex")}${body.toString("hex")}`;
}

// packages/schema/src/context/open-context.ts
var tokenLife = 10;
async function openContext(db, tenant, level, key2) {
  if (level === "plain") {
    await db.query("select watertight.open(pg_catalog.convert_to($1, 'UTF8'))", [tenant]);
    return;
  }
  const [first] = parseKeys(key2);
  const { rows } = await db.query(
    "select pg_catalog.pg_backend_pid() as pid, pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::int as now",
  );
  const token = mintToken({
    key: first,
    tenant,
    pid: rows[0].pid,
    expiresAt: rows[0].now + tokenLife,
  });
  await db.query("select watertight.open($1)", [token]);
}

// packages/schema/src/protect/facts.ts
var acl = (list2, kind, owner) => `
  (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('grantee', g.rolname, 'privilege', a.privilege_type, 'grantable', a.is_grantable)
            order by g.rolname nulls first, a.privilege_type), '[]')
     from pg_catalog.aclexplode(${kind === "" ? list2 : `coalesce(${list2}, pg_catalog.acldefault('${kind}', ${owner}))`}) a left join pg_catalog.pg_roles g on g.oid = a.grantee)`;
var columnNames = (relation, keys) => `
  (select pg_catalog.jsonb_agg(a.attname order by k.n) from pg_catalog.unnest(${keys}) with ordinality k(num, n)
     join pg_catalog.pg_attribute a on a.attrelid = ${relation} and a.attnum = k.num)`;
var foreignKeys = (side) => `
  (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', f.conname, 'schema', tn.nspname, 'table', t.relname,
            'columns', ${columnNames("f.conrelid", "f.conkey")}, 'refSchema', rn.nspname, 'refTable', rt.relname, 'refColumns', ${columnNames("f.confrelid", "f.confkey")},
            'onDelete', f.confdeltype, 'onUpdate', f.confupdtype, 'matchFull', f.confmatchtype = 'f') order by tn.nspname, t.relname, f.conname), '[]')
     from pg_catalog.pg_constraint f join pg_catalog.pg_class t on t.oid = f.conrelid join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
     join pg_catalog.pg_class rt on rt.oid = f.confrelid join pg_catalog.pg_namespace rn on rn.oid = rt.relnamespace
    where f.contype = 'f' and f.conparentid = 0 and f.${side} = c.oid)`;
var factsQuery = `
select pg_catalog.jsonb_build_object(
  'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind, 'temporary', c.relpersistence = 't',
  'extension', (select e.extname from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
                 where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass),
  'owner', o.rolname, 'ownerSuperuser', o.rolsuper, 'rls', c.relrowsecurity, 'force', c.relforcerowsecurity,
  'acl', ${acl("c.relacl", "r", "c.relowner")},
  'columns', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', a.attname, 'type', coalesce(b.typname, y.typname), 'notNull', a.attnotnull,
                'hasDefault', a.atthasdef, 'deterministic', coalesce(l.collisdeterministic, true), 'acl', ${acl("a.attacl", "", "")}) order by a.attnum), '[]')
                from pg_catalog.pg_attribute a join pg_catalog.pg_type y on y.oid = a.atttypid
                left join pg_catalog.pg_type b on y.typtype = 'd' and b.oid = y.typbasetype
                left join pg_catalog.pg_collation l on l.oid = a.attcollation
               where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'policies', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', p.polname, 'permissive', p.polpermissive, 'command', p.polcmd,
                 'roles', (select pg_catalog.jsonb_agg(coalesce(r.rolname::text, 'public') order by 1) from pg_catalog.unnest(p.polroles) u(oid) left join pg_catalog.pg_roles r on r.oid = u.oid),
                 'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid), 'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname), '[]')
                 from pg_catalog.pg_policy p where p.polrelid = c.oid),
  'foreignKeys', ${foreignKeys("conrelid")},
  'referencedBy', ${foreignKeys("confrelid")},
  'indexes', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', ic.relname, 'unique', i.indisunique, 'primary', i.indisprimary,
                'exclusion', i.indisexclusion, 'partial', i.indpred is not null, 'valid', i.indisvalid,
                'columns', (select pg_catalog.jsonb_agg(a.attname order by k.n) from pg_catalog.unnest(i.indkey::int2[]) with ordinality k(num, n)
                              left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.num where k.n <= i.indnkeyatts)) order by ic.relname), '[]')
                from pg_catalog.pg_index i join pg_catalog.pg_class ic on ic.oid = i.indexrelid where i.indrelid = c.oid),
  'sequences', (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', sn.nspname, 'name', s.relname, 'acl', ${acl("s.relacl", "s", "s.relowner")}) order by s.relname), '[]')
                  from pg_catalog.pg_depend d join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S' join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
                 where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.deptype in ('a', 'i')),
  'dependents', (select coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object('kind', v.kind, 'name', v.name, 'owner', v.owner, 'ownerBypasses', v.bypasses, 'invoker', v.invoker)), '[]')
    from (select case w.relkind when 'm' then 'materialized view' else 'view' end as kind, pg_catalog.format('%I.%I', wn.nspname, w.relname) as name, wo.rolname as owner,
                 wo.rolsuper or wo.rolbypassrls as bypasses, coalesce(w.reloptions && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'], false) as invoker
            from pg_catalog.pg_depend d join pg_catalog.pg_rewrite rw on rw.oid = d.objid join pg_catalog.pg_class w on w.oid = rw.ev_class and w.relkind in ('v', 'm')
            join pg_catalog.pg_namespace wn on wn.oid = w.relnamespace join pg_catalog.pg_roles wo on wo.oid = w.relowner
           where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid
          union
          -- the body is text: a name in it is a hint, not proof; only definers whose owner is above row security are listed
          select 'function', pg_catalog.format('%I.%I(%s)', pn.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), po.rolname, true, false
            from pg_catalog.pg_proc p join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace join pg_catalog.pg_roles po on po.oid = p.proowner
           where p.prosecdef and (po.rolsuper or po.rolbypassrls) and pn.nspname not in ('pg_catalog', 'information_schema', 'watertight')
             and pg_catalog.strpos(pg_catalog.lower(coalesce(p.prosrc, '') || coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), '')), pg_catalog.lower(c.relname)) > 0) v)) as facts
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_roles o on o.oid = c.relowner
 where c.oid = any ($1::bigint[]::oid[]) order by pg_catalog.array_position($1::bigint[], c.oid::bigint)`;
async function readFacts(tx, oids) {
  const rows = await tx.rows(factsQuery, [oids]);
  return rows.map((row3) => row3.facts);
}
async function descendants(tx, oid) {
  return (await allDescendants(tx, [oid])).get(oid) ?? [];
}
async function allDescendants(tx, oids) {
  const rows = await tx.rows(
    `with recursive tree(root, oid, depth) as (select o, o, 0 from pg_catalog.unnest($1::bigint[]::oid[]) o union all select t.root, i.inhrelid, t.depth + 1 from tree t join pg_catalog.pg_inherits i on i.inhparent = t.oid)
     select t.root::bigint as root, t.oid::bigint as oid from tree t group by t.root, t.oid order by t.root, pg_catalog.min(t.depth), t.oid`,
    [oids],
  );
  const trees = new Map(oids.map((oid) => [oid, []]));
  for (const row3 of rows) trees.get(Number(row3.root))?.push(Number(row3.oid));
  return trees;
}

// packages/schema/src/keys/key-material.ts
import { randomBytes, randomInt } from "node:crypto";
function parseKey2(text2) {
  const match = /^([a-z0-9]{4}):([A-Za-z0-9_-]{43})=?$/.exec(text2);
  if (!match)
    throw kitError("WT_KIT_KEY", {
      detail: "not of the form kid:base64url(32 bytes)",
      next: "Leave the key out to have one made.",
    });
  return { kid: match[1], secret: Buffer.from(match[2], "base64url") };
}
function formatKey(key2) {
  return `${key2.kid}:${key2.secret.toString("base64url")}`;
}
function newKey(taken) {
  for (;;) {
    const kid = `k${randomInt(36 ** 3)
      .toString(36)
      .padStart(3, "0")}`;
    if (!taken.has(kid)) return { kid, secret: randomBytes(32) };
  }
}
function pads(secret) {
  const block = Buffer.alloc(64);
  secret.copy(block);
  return { ipad: Buffer.from(block.map((byte) => byte ^ 54)), opad: Buffer.from(block.map((byte) => byte ^ 92)) };
}

// packages/schema/src/keys/store-keys.ts
import { randomBytes as randomBytes2 } from "node:crypto";
async function makeSeal(tx) {
  const { ipad, opad } = pads(randomBytes2(32));
  await tx.run("insert into watertight.seal (ipad, opad) values ($1, $2)", [ipad, opad]);
}
async function storeKey(tx, key2) {
  const { ipad, opad } = pads(key2.secret);
  await tx.run("insert into watertight.key (kid, app_ipad, app_opad) values ($1, $2, $3)", [key2.kid, ipad, opad]);
  const [fence] = await tx.rows("select pg_catalog.to_regclass('watertight.fence') is not null as there");
  await tx.run(`analyze watertight.key, watertight.seal${fence.there ? ", watertight.fence" : ""}`);
}
async function keyIds(tx) {
  return new Set((await tx.rows("select kid from watertight.key")).map((row3) => row3.kid));
}
async function requireSameKey(tx, key2) {
  const [row3] = await tx.rows("select app_ipad = $2 as same from watertight.key where kid = $1", [
    key2.kid,
    pads(key2.secret).ipad,
  ]);
  if (!row3?.same) throw kitError("WT_KIT_KEY", { detail: `key id ${key2.kid} exists here with another secret` });
}

// packages/schema/src/install/harden-targets.ts
var operators = (roles) => [roles.control, "pg_monitor"];
var catalogTargets = [
  {
    step: "advisory locks",
    vectors: ["F11"],
    why: "a tenant's fence is an advisory lock: whoever may take any lock can stop any tenant",
    functions: String.raw`p.proname ~ '^pg_(try_)?advisory_'`,
    // open() and set_tenant_state() run as the owner; migration tools serialise themselves with these locks
    keep: (roles) => [roles.owner, roles.migrator, roles.control],
  },
  {
    step: "lock table",
    vectors: ["F11"],
    why: "pg_locks shows the keys of other tenants' locks",
    functions: "p.proname = 'pg_lock_status'",
    views: ["pg_locks"],
    keep: operators,
  },
  {
    step: "prepared statements",
    vectors: ["C7"],
    why: "a listed statement name can be deallocated and replaced: the next tenant's request then runs the replacement",
    functions: "p.proname = 'pg_prepared_statement'",
    views: ["pg_prepared_statements"],
    keep: () => ["pg_monitor"],
  },
  {
    step: "cursors",
    vectors: ["C7"],
    why: "cursors left open are listed by name",
    functions: "p.proname = 'pg_cursor'",
    views: ["pg_cursors"],
    keep: () => ["pg_monitor"],
  },
  {
    step: "prepared transactions",
    vectors: ["F12"],
    why: "names of prepared transactions are visible to everybody",
    functions: "p.proname = 'pg_prepared_xact'",
    views: ["pg_prepared_xacts"],
    keep: operators,
  },
  {
    step: "activity",
    vectors: ["G4"],
    why: "sessions of the same role see each other's query texts",
    functions: String.raw`p.proname = 'pg_stat_get_activity' or p.proname ~ '^pg_stat_get_backend_'`,
    views: ["pg_stat_activity"],
    keep: operators,
  },
  {
    step: "signals",
    vectors: ["F15"],
    why: "a role may end and cancel its own role's sessions, which serve all tenants",
    functions: "p.proname in ('pg_terminate_backend', 'pg_cancel_backend')",
    keep: (roles) => [roles.control, "pg_signal_backend"],
  },
  {
    step: "large objects",
    vectors: ["F7"],
    why: "large objects belong to the role, that is, to all tenants",
    functions: String.raw`p.proname ~ '^lo_' or p.proname in ('loread', 'lowrite')`,
    keep: (roles) => [roles.owner, roles.migrator],
  },
];

// packages/schema/src/install/harden.ts
async function harden(tx, steps, roles) {
  const { caller } = tx;
  const database2 = `database ${quoteName(caller.database)}`;
  const [facts] = await tx.rows(
    `select exists (select from pg_catalog.pg_database d, pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
                     where d.datname = pg_catalog.current_database() and a.grantee = 0 and a.privilege_type = 'TEMPORARY') as temp,
            exists (select from pg_catalog.pg_namespace n, pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
                     where n.nspname = 'public' and a.grantee = 0 and a.privilege_type = 'CREATE') as create,
            (select pg_catalog.pg_has_role(current_user, n.nspowner, 'USAGE') from pg_catalog.pg_namespace n where n.nspname = 'public') as public_ours`,
  );
  await step(
    tx,
    steps,
    "temporary tables",
    [roles.migrator],
    facts.temp ? [{ object: database2, privilege: "temporary", holders: [] }] : [],
    caller.superuser || caller.ownsDatabase ? void 0 : `${caller.user} does not own the database`,
  );
  await step(
    tx,
    steps,
    "create in public",
    [],
    facts.create ? [{ object: "schema public", privilege: "create", holders: [] }] : [],
    caller.superuser || facts.public_ours ? void 0 : `${caller.user} does not own schema public`,
  );
  for (const target of catalogTargets) {
    await step(
      tx,
      steps,
      target.step,
      target.keep(roles),
      await openRights(tx, target, roles),
      caller.superuser ? void 0 : "needs a superuser: the objects belong to the server's own superuser",
    );
  }
}
async function openRights(tx, target, roles) {
  const rows = await tx.rows(
    `select o.object, o.privilege, array(select r.rolname::text from pg_catalog.aclexplode(o.acl) a join pg_catalog.pg_roles r on r.oid = a.grantee
                                          where a.privilege_type = pg_catalog.upper(o.privilege) and r.rolname = any ($2)) as holders
       from (select 'function ' || pg_catalog.format('pg_catalog.%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as object, 'execute' as privilege,
                    coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)) as acl
               from pg_catalog.pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and (${target.functions ?? "false"})
              union all
             select pg_catalog.format('table pg_catalog.%I', c.relname), 'select', coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))
               from pg_catalog.pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relname = any ($1)) o
      where exists (select from pg_catalog.aclexplode(o.acl) a where a.grantee = 0 and a.privilege_type = pg_catalog.upper(o.privilege))
      order by o.object`,
    [target.views ?? [], target.keep(roles)],
  );
  return rows;
}
async function step(tx, steps, name, keep, open2, refusal2) {
  const title = `revoke ${name} from public`;
  if (open2.length === 0) return steps.already(title);
  if (refusal2 !== void 0) return steps.skipped(title, refusal2);
  await steps.done(title, async () => {
    const changes2 = [];
    const undo = [];
    for (const { object, privilege, holders } of open2) {
      const grantees = keep.filter((role) => !holders.includes(role)).map(quoteName);
      const back = [`grant ${privilege} on ${object} to public`];
      changes2.push(`revoke ${privilege} on ${object} from public`);
      if (grantees.length > 0) {
        changes2.push(`grant ${privilege} on ${object} to ${grantees.join(", ")}`);
        back.push(`revoke ${privilege} on ${object} from ${grantees.join(", ")}`);
      }
      undo.push(back);
    }
    await tx.run(changes2.join(";\n"));
    await tx.run(
      `insert into watertight.hardening (object, step, undo)
       select o.object, $2, array(select pg_catalog.jsonb_array_elements_text(o.undo))
         from pg_catalog.jsonb_to_recordset($1::jsonb) as o(object text, undo jsonb) on conflict (object) do nothing`,
      [JSON.stringify(open2.map(({ object }, i) => ({ object, undo: undo[i] }))), name],
    );
  });
}

// packages/schema/src/install/make-roles.ts
var madeByKit = "Made by Watertight";
var plain = "nosuperuser nocreatedb nocreaterole noreplication";
async function attributes(tx, name) {
  const [row3] = await tx.rows(
    `select rolsuper as superuser, rolbypassrls as bypass, rolcanlogin as login, rolcreaterole as createrole from pg_catalog.pg_roles where rolname = $1`,
    [name],
  );
  return row3;
}
async function makeRoles(tx, steps, roles) {
  const { caller } = tx;
  const mayBypass = caller.superuser || (caller.version >= 16e4 && caller.bypassRls);
  const noBypass = `BYPASSRLS cannot be granted by ${caller.user}`;
  const make2 = async (name, options, purpose, unsafe) => {
    const found = await attributes(tx, name);
    if (found) return steps.already(`role ${name}`, unsafe(found));
    if (!caller.createRole)
      throw kitError("WT_KIT_PRIVILEGE", {
        detail: `role ${name} does not exist and ${caller.user} has no CREATEROLE`,
        next: `Create it first: create role ${quoteName(name)} ${options}`,
      });
    await steps.done(`role ${name}`, async () => {
      await tx.run(`create role ${quoteName(name)} ${options}`);
      await tx.run(`comment on role ${quoteName(name)} is ${quoteText(`${madeByKit}: ${purpose}`)}`);
    });
  };
  const bound = (kind, found) => {
    const name = roles[kind];
    const why2 = found.superuser
      ? "is a superuser"
      : found.bypass
        ? "has BYPASSRLS"
        : name === caller.user
          ? "is the role that installs the kit"
          : void 0;
    if (why2 !== void 0)
      throw kitError("WT_KIT_ROLE_UNSAFE", {
        detail: `${name} ${why2}, so row security would not bind the application`,
        next: `Let the application connect as another role: leave --role ${kind}=\u2026 out, or name a role without such rights.`,
      });
    return found.createrole ? "has CREATEROLE, which defeats row security: see kit status" : void 0;
  };
  await make2(roles.owner, `nologin ${plain} nobypassrls`, "owns the kit and the protected tables", () => void 0);
  const owner = await attributes(tx, roles.owner);
  if (owner.superuser || owner.bypass)
    throw kitError("WT_KIT_ROLE_UNSAFE", {
      detail: `${roles.owner} is a superuser or has BYPASSRLS, so it would see every tenant through views and functions`,
    });
  await make2(
    roles.migrator,
    `login inherit ${plain} ${mayBypass ? "bypassrls" : "nobypassrls"}`,
    "runs migrations",
    () => void 0,
  );
  await make2(roles.app, `login ${plain} nobypassrls`, "the application", (found) => bound("app", found));
  await make2(roles.readonly, `login ${plain} nobypassrls`, "reads as one tenant", (found) => bound("readonly", found));
  await make2(roles.control, `login ${plain} nobypassrls`, "operators and control plane", () => void 0);
  const migrator = await attributes(tx, roles.migrator);
  if (!migrator.bypass && !migrator.superuser)
    steps.skipped(
      `migrator ${roles.migrator} bypasses row security`,
      `${noBypass}: migrations lift FORCE on the tables they touch, inside their own transaction (withForceLifted)`,
    );
  const prober = (await attributes(tx, roles.prober)) !== void 0 || mayBypass;
  if (prober)
    await make2(roles.prober, `nologin ${plain} bypassrls`, "owns the probe function", (found) =>
      found.bypass ? void 0 : "has no BYPASSRLS: probes record not_visible",
    );
  else steps.skipped(`role ${roles.prober}`, `${noBypass}: probes record not_visible`);
  const usable = prober && ((await attributes(tx, roles.prober))?.bypass ?? true);
  await joinOwner(tx, steps, roles);
  return { prober: usable };
}
async function joinOwner(tx, steps, roles) {
  const modern = tx.caller.version >= 16e4;
  const name = `${roles.migrator} inherits ${roles.owner}`;
  const [has] = await tx.rows(
    `select exists (select from pg_catalog.pg_auth_members m where m.roleid = $1::regrole and m.member = $2::regrole ${modern ? "and m.inherit_option and m.set_option" : ""}) as yes`,
    [quoteName(roles.owner), quoteName(roles.migrator)],
  );
  if (has.yes) return steps.already(name);
  await steps.done(name, () =>
    tx.run(
      `grant ${quoteName(roles.owner)} to ${quoteName(roles.migrator)}${modern ? " with inherit true, set true" : ""}`,
    ),
  );
}

// packages/schema/src/install/run-files.ts
var levelNeeds = 4;
async function appliedFiles(tx) {
  const [there] = await tx.rows("select pg_catalog.to_regclass('watertight.migration') is not null as yes");
  if (!there.yes) return /* @__PURE__ */ new Map();
  const rows = await tx.rows("select number, checksum from watertight.migration order by number");
  return new Map(rows.map((row3) => [row3.number, row3.checksum]));
}
async function runFiles(tx, steps, roles, upTo) {
  const applied = await appliedFiles(tx);
  const files = numberedFiles();
  const newest = Math.max(0, ...applied.keys());
  if (newest > (files.at(-1)?.number ?? 0))
    throw kitError("WT_KIT_TOO_NEW", { detail: `file ${newest} is applied here` });
  const now = [];
  for (const file of files.filter((each) => each.number <= upTo)) {
    const checksum = applied.get(file.number);
    if (checksum !== void 0 && checksum !== file.checksum) throw kitError("WT_KIT_EDITED", { detail: file.name });
    if (checksum !== void 0) {
      steps.already(file.name);
      continue;
    }
    await steps.done(file.name, async () => {
      await tx.run(fillRoles(file.text, roles));
      await tx.run("insert into watertight.migration (number, name, checksum) values ($1, $2, $3)", [
        file.number,
        file.name,
        file.checksum,
      ]);
    });
    now.push(file.number);
  }
  return now;
}
async function runLevel(tx, steps, roles, level) {
  const applied = await appliedFiles(tx);
  if (!applied.has(levelNeeds)) return;
  const file = levelFile(level);
  const [row3] = await tx.rows("select value from watertight.setting where name = 'level_file'");
  const wanted = `${file.name} ${file.checksum}`;
  if (row3?.value === wanted) return steps.already(`level ${level}`);
  await steps.done(`level ${level}`, async () => {
    await tx.run(fillRoles(file.text, roles));
    await putSetting(tx, "level_file", wanted);
  });
}
async function putSetting(tx, name, value) {
  const rows = await tx.run(
    `insert into watertight.setting as s (name, value) values ($1, $2)
     on conflict (name) do update set value = excluded.value where s.value <> excluded.value returning 1`,
    [name, value],
  );
  return rows.length > 0;
}

// packages/schema/src/install/steps.ts
var Steps = class {
  list = [];
  #tx;
  constructor(tx) {
    this.#tx = tx;
  }
  async done(name, fn) {
    const from = this.#tx.statements.length;
    await fn();
    this.list.push({ name, state: "done", sql: this.#tx.statements.slice(from) });
  }
  already(name, reason) {
    this.list.push(reason === void 0 ? { name, state: "already" } : { name, state: "already", reason });
  }
  skipped(name, reason) {
    this.list.push({ name, state: "skipped", reason });
  }
};

// packages/schema/src/install/install-kit.ts
var installLock = "7071001";
async function installKit(db, options = {}) {
  if (options.level !== void 0 && !["plain", "sealed", "hostile"].includes(options.level))
    throw kitError("WT_KIT_OPTION", { detail: `level ${options.level}` });
  return inKitTransaction(db, options.dryRun ?? false, (tx) => asKitMember(tx, () => install(tx, options)));
}
async function install(tx, options) {
  const steps = new Steps(tx);
  const known = await installedKit(tx);
  const roles = resolveRoles(options.roles, known?.roles);
  if (known && Object.entries(known.roles).some(([kind, name]) => roles[kind] !== name))
    throw kitError("WT_KIT_ROLES_DIFFER");
  const level = options.level ?? known?.level ?? "sealed";
  const { prober } = await makeRoles(tx, steps, roles);
  return withMembership(tx, [roles.owner], async () => {
    await tx.rows(`select pg_catalog.pg_advisory_xact_lock(${installLock})`);
    await makeSchema(tx, steps, roles);
    const applied = await tx.as(roles.owner, async () => {
      const numbers = await runFiles(tx, steps, roles, options.upTo ?? Number.POSITIVE_INFINITY);
      await runLevel(tx, steps, roles, level);
      return numbers;
    });
    const probes = prober && (await handOverProbe(tx, steps, roles));
    const key2 = await tx.as(roles.owner, async () => {
      await putSettings(tx, steps, {
        level,
        ...roles,
        prober: probes ? roles.prober : "",
        prober_name: roles.prober,
      });
      return firstKey(tx, steps, level, options.key);
    });
    if (options.harden ?? true) await hardenWhenReady(tx, steps, roles);
    return { applied, steps: steps.list, ...(key2 === void 0 ? {} : { key: key2 }), level, roles };
  });
}
async function makeSchema(tx, steps, roles) {
  const [found] = await tx.rows(
    `select pg_catalog.pg_get_userbyid(n.nspowner) as owner, pg_catalog.to_regclass('watertight.migration') is not null as ours
       from pg_catalog.pg_namespace n where n.nspname = 'watertight'`,
  );
  if (found && (!found.ours || found.owner !== roles.owner))
    throw kitError("WT_KIT_SCHEMA_TAKEN", { detail: `owned by ${found.owner}` });
  if (found) return steps.already("schema watertight");
  await steps.done("schema watertight", async () => {
    await tx.run(`create schema watertight authorization ${quoteName(roles.owner)}`);
    const users = [roles.app, roles.readonly, roles.control, roles.migrator].map(quoteName).join(", ");
    await tx.as(roles.owner, () => tx.run(`grant usage on schema watertight to ${users}`));
  });
}
async function putSettings(tx, steps, settings) {
  const before = tx.statements.length;
  let changed = false;
  for (const [name, value] of Object.entries(settings)) changed = (await putSetting(tx, name, value)) || changed;
  if (!changed) {
    tx.statements.length = before;
    return steps.already("settings");
  }
  steps.list.push({ name: "settings", state: "done", sql: tx.statements.slice(before) });
}
async function firstKey(tx, steps, level, given) {
  if (!(await appliedFiles(tx)).has(2)) return void 0;
  const kids = await keyIds(tx);
  const wanted = given === void 0 ? void 0 : parseKey2(given);
  const have = wanted ? kids.has(wanted.kid) : kids.size > 0;
  if (have && wanted) await requireSameKey(tx, wanted);
  const [sealed] = await tx.rows("select exists (select from watertight.seal) as yes");
  if (sealed.yes) steps.already("seal key");
  else await steps.done("seal key", () => makeSeal(tx));
  if (have) steps.already("token key");
  if (have || (!wanted && level === "plain")) return void 0;
  const key2 = wanted ?? newKey(kids);
  await steps.done("token key", () => storeKey(tx, key2));
  return wanted ? void 0 : formatKey(key2);
}
async function handOverProbe(tx, steps, roles) {
  const [found] = await tx.rows(
    "select pg_catalog.pg_get_userbyid(p.proowner) as owner from pg_catalog.pg_proc p where p.oid = pg_catalog.to_regprocedure('watertight.find_owner(regclass, text, jsonb)')",
  );
  if (!found) return false;
  if (found.owner === roles.prober) {
    steps.already("probe function");
    return true;
  }
  const prober = quoteName(roles.prober);
  const refused2 = await tx.attempt(() =>
    withMembership(tx, [roles.prober], () =>
      steps.done("probe function", () =>
        tx.run(`grant create on schema watertight to ${prober};
alter function watertight.find_owner(regclass, text, jsonb) owner to ${prober};
revoke create on schema watertight from ${prober};
grant execute on function watertight.find_owner(regclass, text, jsonb) to ${quoteName(roles.owner)}`),
      ),
    ),
  );
  if (refused2) steps.skipped("probe function", `${refused2.message}: probes record not_visible`);
  return refused2 === void 0;
}
async function hardenWhenReady(tx, steps, roles) {
  if ((await appliedFiles(tx)).has(7)) await harden(tx, steps, roles);
}

// packages/schema/src/install/record-change.ts
async function recordChange(tx, what, relation, detail, tenant = null) {
  await tx.rows("select watertight.record($1, $2, $3, $4::jsonb)", [
    `kit_${what}`,
    tenant,
    relation,
    JSON.stringify(detail),
  ]);
}

// packages/schema/src/keys/rekey-kit.ts
async function rekeyKit(db, key2) {
  await withKit(db, false, async (tx) => {
    const wanted = key2 === void 0 ? void 0 : parseKey2(key2);
    const kids = await keyIds(tx);
    if (wanted && kids.size === 1 && kids.has(wanted.kid)) return requireSameKey(tx, wanted);
    await tx.run("delete from watertight.key");
    await tx.run("delete from watertight.seal");
    if (!wanted) return;
    await makeSeal(tx);
    await storeKey(tx, wanted);
  });
}

// packages/schema/src/protect/plan-protect.ts
import { createHash as createHash3 } from "node:crypto";

// packages/schema/src/protect/findings.ts
var key = (schema, table) => `${schema}.${table}`;
var list = (columns4) => columns4.map(quoteName).join(", ");
var actions = {
  c: "cascade",
  n: "set null",
  d: "set default",
  r: "restrict",
  a: "no action",
};
function findings(facts, tenancy, known) {
  const column = tenancy.kind === "column" ? tenancy.column : void 0;
  const tenants = new Map(known);
  if (column !== void 0) tenants.set(key(facts.schema, facts.name), column);
  const keys = [...facts.foreignKeys, ...facts.referencedBy];
  return [
    ...keys.flatMap((fk) => foreignKeyFinding(fk, tenants)),
    ...(column === void 0 ? [] : nullableFindings(facts, column)),
    ...(column === void 0 ? [] : uniqueFindings(facts, column)),
    ...(column !== void 0 && facts.columns.find((each) => each.name === column)?.hasDefault
      ? [defaultFinding(facts, column)]
      : []),
    ...facts.dependents.flatMap((each) => dependentFinding(facts, each)),
    ...(facts.extension === null ? [] : [extensionFinding(facts)]),
  ];
}
function foreignKeyFinding(fk, tenants) {
  const from = tenants.get(key(fk.schema, fk.table));
  const to = tenants.get(key(fk.refSchema, fk.refTable));
  if (from === void 0 || to === void 0) return [];
  const at = fk.columns.indexOf(from);
  if (at >= 0 && fk.refColumns[at] === to) return [];
  const child = quoteQualified(fk.schema, fk.table);
  const parent = quoteQualified(fk.refSchema, fk.refTable);
  const crossing = ["c", "n", "d"].includes(fk.onDelete) || ["c", "n", "d"].includes(fk.onUpdate);
  const rule = `on delete ${actions[fk.onDelete]} on update ${actions[fk.onUpdate]}`;
  const columns4 = fk.columns.filter((each) => each !== from);
  const action =
    fk.onDelete === "n" ? `on delete set null (${list(columns4)}) on update ${actions[fk.onUpdate]}` : rule;
  return [
    {
      vectorId: crossing ? "E2" : "E1",
      severity: "high",
      object: `${child} ${fk.name}`,
      title: crossing
        ? "A foreign key action reaches rows of another tenant"
        : "A foreign key accepts ids of another tenant",
      detail: `${fk.name} (${fk.columns.join(", ")}) references ${parent} (${fk.refColumns.join(", ")}) without the tenant; foreign keys are checked above row security`,
      fix: `alter table ${parent} add unique (${list([to, ...fk.refColumns.filter((each) => each !== to)])});
alter table ${child} drop constraint ${quoteName(fk.name)}, add constraint ${quoteName(fk.name)} foreign key (${list([from, ...columns4])}) references ${parent} (${list([to, ...fk.refColumns.filter((each) => each !== to)])}) ${action};`,
    },
  ];
}
function nullableFindings(facts, column) {
  if (facts.columns.find((each) => each.name === column)?.notNull !== false) return [];
  return facts.foreignKeys
    .filter((fk) => fk.columns.length > 1 && fk.columns.includes(column) && !fk.matchFull)
    .map((fk) => ({
      vectorId: "E4",
      severity: "medium",
      object: `${quoteQualified(facts.schema, facts.name)} ${fk.name}`,
      title: "A composite foreign key is not checked while the tenant is null",
      detail: `${fk.name} accepts ids of another tenant in rows without a tenant; enforcing makes the column NOT NULL`,
      fix: `alter table ${quoteQualified(facts.schema, facts.name)} alter column ${quoteName(column)} set not null;`,
    }));
}
function uniqueFindings(facts, column) {
  const types2 = new Map(facts.columns.map((each) => [each.name, each.type]));
  return facts.indexes
    .filter((index) => (index.unique || index.exclusion) && !index.columns.includes(column))
    .map((index) => {
      const names = index.columns.filter((each) => each !== null);
      const uuidOnly = names.length === index.columns.length && names.every((each) => types2.get(each) === "uuid");
      return {
        vectorId: "E5",
        severity: uuidOnly ? "info" : "medium",
        object: `${quoteQualified(facts.schema, facts.name)} ${index.name}`,
        title: "A unique key spans all tenants",
        detail: `${index.name} (${index.columns.map((each) => each ?? "expression").join(", ")}) tells one tenant by error 23505 which values others use`,
        fix: index.primary
          ? `alter table ${quoteQualified(facts.schema, facts.name)} drop constraint ${quoteName(index.name)}, add primary key (${list([column, ...names])});`
          : `create unique index on ${quoteQualified(facts.schema, facts.name)} (${list([column, ...names])}); -- then drop ${quoteName(index.name)}`,
      };
    });
}
function defaultFinding(facts, column) {
  const table = quoteQualified(facts.schema, facts.name);
  return {
    vectorId: "B15",
    severity: "low",
    object: `${table} ${column}`,
    title: "The tenant column has a default",
    detail:
      "a forgotten tenant is filled in silently; the floor refuses it unless the default is the context's own tenant",
    fix: `alter table ${table} alter column ${quoteName(column)} drop default;`,
  };
}
function dependentFinding(facts, each) {
  const reads = `reads ${quoteQualified(facts.schema, facts.name)}`;
  if (each.kind === "materialized view")
    return [
      {
        vectorId: "D3",
        severity: "high",
        object: each.name,
        title: "A materialized view copies the table's rows",
        detail: `${each.name} ${reads}; materialized views cannot have row security`,
        fix: `revoke all on ${each.name} from public; -- and serve it through a function that filters by watertight.tenant_id()`,
      },
    ];
  if (!each.ownerBypasses) return [];
  if (each.kind === "function")
    return [
      {
        vectorId: "D4",
        severity: "high",
        object: each.name,
        title: "A security definer function may read the table above row security",
        detail: `${each.name} belongs to ${each.owner}, who bypasses row security, and its body names the table`,
        fix: `alter function ${each.name} owner to a role without BYPASSRLS, or security invoker;`,
      },
    ];
  if (each.invoker) return [];
  return [
    {
      vectorId: "D1",
      severity: "high",
      object: each.name,
      title: "A view reads the table above row security",
      detail: `${each.name} ${reads} as ${each.owner}, who bypasses row security`,
      fix: `alter view ${each.name} set (security_invoker = true);`,
    },
  ];
}
function extensionFinding(facts) {
  return {
    vectorId: "A15",
    severity: "medium",
    object: quoteQualified(facts.schema, facts.name),
    title: "The table belongs to an extension",
    detail: `an upgrade of ${facts.extension} may replace the table and lose its policies`,
    fix: "Run kit status after every upgrade of the extension.",
  };
}

// packages/schema/src/protect/tenancy.ts
function tenantType(tenancy) {
  return tenancy.kind === "column" ? tenancy.type : tenantType(tenancy.parent);
}
function contextTenant(type) {
  return type === "text" ? "(select watertight.tenant_id())" : `(select watertight.tenant_id()::${type})`;
}
function join(tenancy, parentAlias, row3) {
  return Object.entries(tenancy.via)
    .map(([child, parent]) => `${parentAlias}.${quoteName(parent)} = ${row3}.${quoteName(child)}`)
    .join(" and ");
}
function floorPredicate(tenancy, row3) {
  if (tenancy.kind === "column") return `${row3}.${quoteName(tenancy.column)} = ${contextTenant(tenancy.type)}`;
  return `exists (select 1 from ${quoteQualified(tenancy.schema, tenancy.table)} watertight_parent where ${join(tenancy, "watertight_parent", row3)})`;
}
function tenantExpression(tenancy, row3, depth = 1) {
  if (tenancy.kind === "column") return `${row3}.${quoteName(tenancy.column)}::text`;
  const alias = `watertight_p${depth}`;
  return `(select ${tenantExpression(tenancy.parent, alias, depth + 1)} from ${quoteQualified(tenancy.schema, tenancy.table)} ${alias} where ${join(tenancy, alias, row3)})`;
}
function observingPredicate(tenancy, schema, table) {
  const row3 = quoteQualified(schema, table);
  const tenant = tenantExpression(tenancy, row3);
  return `case when ${tenant} = (select watertight.observed_tenant()) then true else watertight.observed(${quoteText(row3)}::regclass, ${tenant}) end`;
}

// packages/schema/src/protect/policies.ts
var floorName = "watertight_floor";
var openName = "watertight_all";
var kitPolicies = /* @__PURE__ */ new Set([floorName, openName]);
function floorPolicy(schema, table, tenancy, mode) {
  const row3 = quoteQualified(schema, table);
  const predicate = mode === "enforce" ? floorPredicate(tenancy, row3) : observingPredicate(tenancy, schema, table);
  return `create policy ${floorName} on ${row3} as restrictive for all to public using (${predicate}) with check (${predicate})`;
}
function openPolicy(schema, table) {
  return `create policy ${openName} on ${quoteQualified(schema, table)} as permissive for all to public using (true) with check (true)`;
}

// packages/schema/src/protect/plan-protect.ts
function planProtect(input) {
  const relations = input.tables.map((facts, position) => planRelation(input, facts, position === 0));
  return {
    relations,
    sql: relations.flatMap((relation) => relation.statements),
    findings: input.tables.flatMap((facts) => findings(facts, input.tenancy, input.known)),
  };
}
function planRelation(input, facts, root) {
  const { tenancy, mode, roles } = input;
  const table = quoteQualified(facts.schema, facts.name);
  if (facts.kind !== "r" && facts.kind !== "p")
    throw kitError("WT_KIT_TABLE", { detail: `${table} is not a table; row security cannot cover it (F8)` });
  if (facts.temporary) throw kitError("WT_KIT_TABLE", { detail: `${table} is temporary` });
  const recorded = input.recorded.get(facts.oid);
  if (!recorded && facts.policies.some((policy) => kitPolicies.has(policy.name)))
    throw kitError("WT_KIT_TABLE", {
      detail: `${table} has a policy with a name of the kit's that the kit did not make`,
    });
  const enforce = mode === "enforce";
  const floor = floorPolicy(facts.schema, facts.name, tenancy, mode);
  const made = [];
  const statements = [
    ...(enforce ? ownership(facts, table, roles.owner) : []),
    ...(enforce ? notNull(facts, table, tenancy) : []),
    ...policies(facts, table, floor, mode, recorded?.expected),
    ...(enforce ? narrowing(facts, table, roles) : []),
    ...(enforce && root ? widening(facts, table, roles) : []),
    ...(enforce && input.index ? leadingIndex(facts, table, tenancy, made) : []),
  ];
  return { oid: facts.oid, statements, indexes: made, floor, tenantSql: tenantExpression(tenancy, "r") };
}
function ownership(facts, table, owner) {
  if (facts.owner === owner) return [];
  const keep = facts.ownerSuperuser
    ? []
    : [`grant select, insert, update, delete on table ${table} to ${quoteName(facts.owner)}`];
  return [`alter table ${table} owner to ${quoteName(owner)}`, ...keep];
}
function notNull(facts, table, tenancy) {
  if (tenancy.kind !== "column" || facts.columns.find((column) => column.name === tenancy.column)?.notNull) return [];
  return [`alter table ${table} alter column ${quoteName(tenancy.column)} set not null`];
}
function policies(facts, table, floor, mode, expected) {
  const own = facts.policies.filter((policy) => !kitPolicies.has(policy.name));
  const current = facts.policies.find((policy) => policy.name === floorName);
  const wanted = expected?.policies?.find((policy) => policy.name === floorName);
  const floorIsRight =
    current !== void 0 && expected?.sql === floor && JSON.stringify(current) === JSON.stringify(wanted);
  const dormant = !facts.rls && own.length > 0;
  if (mode === "observe" && dormant && own.some((policy) => !policy.permissive))
    throw kitError("WT_KIT_TABLE", {
      detail: `${table} has restrictive policies while its row security is off; observing would switch them on`,
      next: "Drop them, or protect the table in mode enforce.",
    });
  const open2 = facts.policies.some((policy) => policy.name === openName);
  const needsOpen =
    !own.some((policy) => policy.permissive) || (mode === "observe" && (dormant || (open2 && expected !== void 0)));
  const force = mode === "enforce" || own.length === 0 || dormant;
  return [
    ...(current && !floorIsRight ? [`drop policy ${floorName} on ${table}`] : []),
    ...(floorIsRight ? [] : [floor]),
    ...(needsOpen && !open2 ? [openPolicy(facts.schema, facts.name)] : []),
    ...(!needsOpen && open2 ? [`drop policy ${openName} on ${table}`] : []),
    ...(facts.rls ? [] : [`alter table ${table} enable row level security`]),
    ...(facts.force || !force ? [] : [`alter table ${table} force row level security`]),
  ];
}
var dml = ["SELECT", "INSERT", "UPDATE", "DELETE"];
function narrowing(facts, table, roles) {
  const revoke = (grants, object, grantee, allowed) => {
    const excess = grants
      .filter((grant) => grant.grantee === grantee && !allowed.includes(grant.privilege))
      .map((grant) => grant.privilege);
    const who = grantee === null ? "public" : quoteName(grantee);
    return excess.length === 0
      ? []
      : [`revoke ${[...new Set(excess)].join(", ").toLowerCase()} on ${object} from ${who}`];
  };
  const all = [...facts.acl, ...facts.columns.flatMap((column) => column.acl)];
  return [
    ...revoke(all, `table ${table}`, null, []),
    ...revoke(all, `table ${table}`, roles.app, dml),
    ...revoke(all, `table ${table}`, roles.readonly, ["SELECT"]),
    ...facts.sequences.flatMap((sequence) => {
      const object = `sequence ${quoteQualified(sequence.schema, sequence.name)}`;
      return [
        ...revoke(sequence.acl, object, null, []),
        ...revoke(sequence.acl, object, roles.app, ["USAGE"]),
        ...revoke(sequence.acl, object, roles.readonly, []),
      ];
    }),
  ];
}
function widening(facts, table, roles) {
  const has = (role, privilege) =>
    facts.owner !== role && facts.acl.some((grant) => grant.grantee === role && grant.privilege === privilege);
  const missing = (role, wanted) => {
    const privileges = wanted.filter((privilege) => !has(role, privilege));
    return privileges.length === 0
      ? []
      : [`grant ${privileges.join(", ").toLowerCase()} on table ${table} to ${quoteName(role)}`];
  };
  return [
    ...missing(roles.app, dml),
    ...missing(roles.readonly, ["SELECT"]),
    ...(roles.prober === void 0 ? [] : missing(roles.prober, ["SELECT"])),
    ...facts.sequences
      .filter(
        (sequence) =>
          facts.owner === roles.app ||
          !sequence.acl.some((grant) => grant.grantee === roles.app && grant.privilege === "USAGE"),
      )
      .map(
        (sequence) =>
          `grant usage on sequence ${quoteQualified(sequence.schema, sequence.name)} to ${quoteName(roles.app)}`,
      ),
  ];
}
function leadingIndex(facts, table, tenancy, made) {
  const columns4 = tenancy.kind === "column" ? [tenancy.column] : Object.keys(tenancy.via);
  const led = facts.indexes.some(
    (index) => index.valid && !index.partial && columns4.every((_, at) => columns4.includes(index.columns[at] ?? "")),
  );
  if (facts.kind !== "r" || led) return [];
  const name = indexName(facts);
  made.push(name);
  return [`create index ${quoteName(name)} on ${table} (${columns4.map(quoteName).join(", ")})`];
}
function indexName(facts) {
  const digest = createHash3("sha256").update(`${facts.schema}.${facts.name}`).digest("hex").slice(0, 8);
  return `watertight_${Buffer.from(facts.name)
    .subarray(0, 30)
    .toString()
    .replaceAll(/[^A-Za-z0-9_]/g, "_")}_${digest}`;
}
function recordedType(tenancy) {
  return tenantType(tenancy);
}

// packages/schema/src/protect/prior-state.ts
function takeState(facts, columns4) {
  const columnAcls = facts.columns.filter((column) => column.acl.length > 0).map((column) => [column.name, column.acl]);
  return {
    owner: facts.owner,
    acl: facts.acl,
    columnAcls: Object.fromEntries(columnAcls),
    rls: facts.rls,
    force: facts.force,
    notNull: facts.columns
      .filter((column) => column.notNull && columns4.includes(column.name))
      .map((column) => column.name),
    sequences: facts.sequences,
    indexes: [],
  };
}

// packages/schema/src/protect/records.ts
async function protectedTables(tx) {
  const rows = await tx.rows(
    `select p.relation::oid::bigint as oid, n.nspname::text as schema, c.relname::text as name, p.tenant_column::text as column, p.tenant_type as type,
            p.parent::oid::bigint as parent, p.mode, p.before, p.expected
       from watertight.protected p join pg_catalog.pg_class c on c.oid = p.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      order by p.protected_at, p.relation::oid`,
  );
  return rows.map((row3) => ({
    ...row3,
    oid: Number(row3.oid),
    parent: row3.parent === null ? null : Number(row3.parent),
  }));
}
function knownColumns(records) {
  return new Map(
    records.flatMap((record) => (record.column === null ? [] : [[`${record.schema}.${record.name}`, record.column]])),
  );
}
function recordedTenancy(records, oid) {
  const record = records.find((each) => each.oid === oid);
  if (!record) throw kitError("WT_KIT_PARENT");
  if (record.column !== null) return { kind: "column", column: record.column, type: record.type };
  return derive(records, record.parent ?? 0, record.expected.via ?? {});
}
function derive(records, parent, via) {
  const record = records.find((each) => each.oid === parent);
  if (!record) throw kitError("WT_KIT_PARENT");
  return { kind: "parent", schema: record.schema, table: record.name, via, parent: recordedTenancy(records, parent) };
}
async function writeRecord(tx, record) {
  await tx.rows(
    `insert into watertight.protected as p (relation, tenant_column, tenant_type, tenant_sql, parent, mode, before, expected)
     values ($1::bigint::oid::regclass, $2, $3, $4, $5::bigint::oid::regclass, $6, $7::jsonb, $8::jsonb)
     on conflict (relation) do update set tenant_column = excluded.tenant_column, tenant_type = excluded.tenant_type, tenant_sql = excluded.tenant_sql,
       parent = excluded.parent, mode = excluded.mode, before = excluded.before, expected = excluded.expected
     where (p.tenant_column, p.tenant_type, p.tenant_sql, p.parent, p.mode, p.before, p.expected)
       is distinct from (excluded.tenant_column, excluded.tenant_type, excluded.tenant_sql, excluded.parent, excluded.mode, excluded.before, excluded.expected)`,
    [
      record.oid,
      record.tenancy.kind === "column" ? record.tenancy.column : null,
      record.type,
      record.tenantSql,
      record.parent ?? null,
      record.mode,
      JSON.stringify(record.before),
      JSON.stringify(record.expected),
    ],
  );
}

// packages/schema/src/protect/schema-access.ts
var step2 = "schema access";
async function schemaAccess(tx, schema, kit) {
  const { owner, app, readonly, prober } = kit.roles;
  const wanted = [
    [owner, "usage"],
    [owner, "create"],
    [app, "usage"],
    [readonly, "usage"],
    ...(kit.hasProber ? [[prober, "usage"]] : []),
  ];
  const rows = await tx.rows(
    `select w.role, w.privilege from pg_catalog.jsonb_to_recordset($2::jsonb) as w(role text, privilege text)
      where not pg_catalog.has_schema_privilege(w.role::name, $1, w.privilege)`,
    [schema, JSON.stringify(wanted.map(([role, privilege]) => ({ role, privilege })))],
  );
  return rows.map((row3) => {
    const right = `${row3.privilege} on schema ${quoteName(schema)}`;
    return {
      schema,
      sql: `grant ${right} to ${quoteName(row3.role)}`,
      undo: `revoke ${right} from ${quoteName(row3.role)}`,
    };
  });
}
async function writeSchemaAccess(tx, grants) {
  for (const grant of grants) await tx.run(grant.sql);
  const [first] = grants;
  if (!first) return;
  await tx.rows(
    `insert into watertight.hardening as h (object, step, undo) values ($1, $2, $3) on conflict (object) do update set undo = h.undo || excluded.undo`,
    [`schema access ${quoteName(first.schema)}`, step2, grants.map((grant) => grant.undo)],
  );
}

// packages/schema/src/protect/tenant-column.ts
var tenantColumnNames = [
  "tenant_id",
  "tenantid",
  "tenant",
  "organization_id",
  "organisation_id",
  "org_id",
  "orgid",
  "organizationid",
  "account_id",
  "accountid",
  "workspace_id",
  "workspaceid",
  "company_id",
  "companyid",
];
var types = {
  uuid: "uuid",
  int4: "bigint",
  int8: "bigint",
  text: "text",
  varchar: "text",
};
function tenantCandidates(columns4, names = tenantColumnNames) {
  const plain2 = (name) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const wanted = new Set(names.map(plain2));
  return columns4.filter((column) => wanted.has(plain2(column.name)));
}
function findTenantColumn(table, columns4, options) {
  const column =
    options.tenantColumn === void 0
      ? soleCandidate(table, columns4, options.names)
      : columns4.find((each) => each.name === options.tenantColumn);
  if (!column)
    throw kitError("WT_KIT_TENANT_COLUMN", {
      detail: `${table} has no column ${JSON.stringify(options.tenantColumn)}`,
    });
  const type = types[column.type];
  if (type === void 0) throw kitError("WT_KIT_TENANT_TYPE", { detail: `${table}.${column.name} is ${column.type}` });
  if (options.tenantType !== void 0 && options.tenantType !== type)
    throw kitError("WT_KIT_TENANT_TYPE", {
      detail: `${table}.${column.name} is ${column.type}, not ${options.tenantType}`,
    });
  if (!column.deterministic)
    throw kitError("WT_KIT_TENANT_TYPE", { detail: `${table}.${column.name} has a nondeterministic collation` });
  return { column, type };
}
function soleCandidate(table, columns4, names) {
  const found = tenantCandidates(columns4, names);
  const [only2] = found;
  if (found.length === 1 && only2) return only2;
  throw kitError("WT_KIT_TENANT_COLUMN", {
    detail:
      found.length === 0
        ? `${table} has no column with a usual name such as tenant_id, org_id, account_id`
        : `${table} has ${found.map((each) => each.name).join(" and ")}`,
  });
}

// packages/schema/src/protect/protect-table.ts
async function protectTable(db, options) {
  const found = await findTable(db, options.table);
  const parent = options.parent && { oid: (await findTable(db, options.parent.table)).oid, via: options.parent.via };
  return withKit(db, options.dryRun ?? false, async (tx, kit) => {
    const records = await protectedTables(tx);
    const tables2 = await readFacts(tx, await descendants(tx, found.oid));
    const [root] = tables2;
    if (!root) throw kitError("WT_KIT_TABLE", { detail: options.table });
    const { tenancy, parentOid } = decideTenancy(root, options, parent, records);
    const recorded = records.find((each) => each.oid === root.oid);
    const mode = options.mode ?? recorded?.mode ?? "enforce";
    await checkParent(tx, tenancy, parentOid, mode, records);
    const input = {
      tables: tables2,
      tenancy,
      mode,
      index: options.index ?? true,
      roles: { ...pick(kit), ...(kit.hasProber ? { prober: kit.roles.prober } : {}) },
      known: await tenantColumns(tx, records, tenancy),
      recorded: new Map(records.map((each) => [each.oid, each])),
    };
    const plan = planProtect(input);
    const access = mode === "enforce" ? await schemaAccess(tx, root.schema, kit) : [];
    const sql = [...access.map((grant) => grant.sql), ...plan.sql];
    if (!options.dryRun) {
      await tx.rows("select pg_catalog.set_config('lock_timeout', $1, true)", [String(options.lockTimeoutMs ?? 5e3)]);
      await withMembership(tx, [...new Set(tables2.map((each) => each.owner))], () =>
        execute(tx, input, plan, access, records, parentOid),
      );
      if (sql.length > 0)
        await recordChange(tx, mode === "observe" ? "observe" : "protect", quoteQualified(root.schema, root.name), {});
    }
    return {
      table: quoteQualified(root.schema, root.name),
      mode,
      tenantColumn: tenancy.kind === "column" ? tenancy.column : null,
      tenantType: recordedType(tenancy),
      sql,
      findings: plan.findings,
    };
  });
}
function pick(kit) {
  return { owner: kit.roles.owner, app: kit.roles.app, readonly: kit.roles.readonly };
}
function decideTenancy(root, options, parent, records) {
  const recorded = records.find((each) => each.oid === root.oid);
  if (parent) {
    const record = records.find((each) => each.oid === parent.oid);
    if (!record) throw kitError("WT_KIT_PARENT", { detail: options.parent?.table ?? "" });
    return { tenancy: derive(records, parent.oid, parent.via ?? soleForeignKey(root, record)), parentOid: parent.oid };
  }
  if (recorded && options.tenantColumn === void 0)
    return { tenancy: recordedTenancy(records, root.oid), parentOid: recorded.parent ?? void 0 };
  const used = [...new Set(records.flatMap((each) => each.column ?? []))];
  const names = used.some((name) => root.columns.some((column2) => column2.name === name)) ? { names: used } : {};
  const { column, type } = findTenantColumn(`${root.schema}.${root.name}`, root.columns, {
    tenantColumn: options.tenantColumn,
    tenantType: options.tenantType,
    ...names,
  });
  return { tenancy: { kind: "column", column: column.name, type }, parentOid: void 0 };
}
function soleForeignKey(root, parent) {
  const keys = root.foreignKeys.filter((fk2) => fk2.refSchema === parent.schema && fk2.refTable === parent.name);
  const [fk] = keys;
  if (keys.length !== 1 || !fk)
    throw kitError("WT_KIT_PARENT", {
      detail: `${keys.length} foreign keys lead from ${root.name} to ${parent.name}`,
      next: "Name the columns: --via child_column=parent_column",
    });
  return Object.fromEntries(fk.columns.map((column, at) => [column, fk.refColumns[at]]));
}
async function checkParent(tx, tenancy, parentOid, mode, records) {
  if (tenancy.kind !== "parent" || parentOid === void 0) return;
  const record = records.find((each) => each.oid === parentOid);
  if (mode === "enforce" && record?.mode === "observe")
    throw kitError("WT_KIT_PARENT", {
      detail: `${record.name} is only observed`,
      next: `Run: watertight kit enforce ${record.name}`,
    });
  const [facts] = await readFacts(tx, [parentOid]);
  const columns4 = Object.values(tenancy.via);
  const unique = facts?.indexes.some(
    (index) =>
      index.unique &&
      index.valid &&
      !index.partial &&
      index.columns.every((column) => column !== null && columns4.includes(column)),
  );
  if (!unique)
    throw kitError("WT_KIT_PARENT", {
      detail: `${tenancy.table} (${columns4.join(", ")}) is not unique, so a child row could belong to several tenants`,
    });
}
async function tenantColumns(tx, records, tenancy) {
  const known = new Map(knownColumns(records));
  if (tenancy.kind !== "column") return known;
  const rows = await tx.rows(
    `select n.nspname || '.' || c.relname as name from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace where a.attname = $1 and a.attnum > 0 and not a.attisdropped`,
    [tenancy.column],
  );
  for (const row3 of rows) if (!known.has(row3.name)) known.set(row3.name, tenancy.column);
  return known;
}
async function execute(tx, input, plan, access, records, parentOid) {
  const columns4 = input.tenancy.kind === "column" ? [input.tenancy.column] : Object.keys(input.tenancy.via);
  await writeSchemaAccess(tx, access);
  for (const relation of plan.relations)
    for (const statement of relation.statements) await runStatement(tx, statement, input, columns4);
  const after = await readFacts(
    tx,
    plan.relations.map((relation) => relation.oid),
  );
  for (const [at, relation] of plan.relations.entries()) {
    const facts = input.tables[at];
    const before = records.find((each) => each.oid === relation.oid)?.before ?? takeState(facts, columns4);
    const policies2 = after[at].policies.filter((policy) => policy.name.startsWith("watertight_"));
    await writeRecord(tx, {
      oid: relation.oid,
      tenancy: input.tenancy,
      type: recordedType(input.tenancy),
      parent: parentOid,
      tenantSql: relation.tenantSql,
      mode: input.mode,
      before: { ...before, indexes: [...before.indexes, ...relation.indexes] },
      expected: {
        sql: relation.floor,
        policies: policies2,
        ...(input.tenancy.kind === "parent" ? { via: { ...input.tenancy.via } } : {}),
        ...(at === 0 ? {} : { root: plan.relations[0].oid }),
      },
    });
  }
}
async function runStatement(tx, statement, input, columns4) {
  try {
    await tx.run(statement);
  } catch (error) {
    if (error.code !== "23502") throw error;
    const { schema, name } = input.tables[0];
    const table = quoteQualified(schema, name);
    const column = quoteName(columns4[0] ?? "");
    throw kitError("WT_KIT_TENANT_NULLS", {
      detail: table,
      next: `Fill them, then protect again: update ${table} set ${column} = <tenant> where ${column} is null;`,
      cause: error,
    });
  }
}

// packages/schema/src/db/one-transaction.ts
var savepoint = "watertight_run";
async function inOneTransaction(db, fn) {
  const inner = {
    query: (text2, params) => {
      if (text2.startsWith("begin")) return db.query(`savepoint ${savepoint}`);
      if (text2 === "commit") return db.query(`release savepoint ${savepoint}`);
      if (text2 === "rollback") return db.query(`rollback to savepoint ${savepoint}; release savepoint ${savepoint}`);
      return db.query(text2, params);
    },
  };
  await db.query("begin isolation level read committed read write");
  try {
    const result2 = await fn(inner);
    await db.query("commit");
    return result2;
  } catch (error) {
    await db.query("rollback");
    throw error;
  }
}

// packages/schema/src/protect/protect-tables.ts
async function protectTables(db, tables2, options = {}, protect = protectTable) {
  const names = [];
  for (const table of tables2) names.push(await qualified(db, table));
  const parent = options.parent && { ...options.parent, table: await qualified(db, options.parent.table) };
  return inOneTransaction(db, async (inner) => {
    const reports = [];
    for (const table of names) reports.push(await protect(inner, { ...options, table, ...(parent ? { parent } : {}) }));
    return reports;
  });
}
async function qualified(db, name) {
  const found = await findTable(db, name);
  return quoteQualified(found.schema, found.name);
}

// packages/control/src/provision/schema-version.ts
var settingOf = (schema) => (schema === null ? "schema_version" : `schema_version:${schema}`);
async function versionOf(session, schema) {
  const { rows } = await session.query("select value from watertight.setting where name = $1", [settingOf(schema)]);
  return Number(rows[0]?.["value"] ?? "0");
}
async function kitOwner(session) {
  const { rows } = await session.query("select value from watertight.setting where name = 'owner'");
  return rows[0]["value"];
}
async function noteVersion(session, schema, version) {
  await session.query(
    "insert into watertight.setting (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
    [settingOf(schema), String(version)],
  );
}
async function runSchema(session, schema, owner, statements, version) {
  await session.query("begin");
  try {
    await session.query(`set local role ${quoteName(owner)}`);
    await session.query(`set local search_path = ${schema === null ? "public" : quoteName(schema)}, pg_temp`);
    for (const statement of statements) await session.query(statement);
    await session.query("set local search_path = pg_catalog, pg_temp");
    await noteVersion(session, schema, version);
    await session.query("commit");
  } catch (error) {
    await session.query("rollback");
    throw error;
  }
}
async function bringUpToDate(session, place, source) {
  const from = await versionOf(session, place.schema);
  if (from >= source.version) return;
  if (source.upgrade === void 0)
    throw controlError("WT_CATALOG_STATE", {
      detail: `${place.database} is at version ${from}, ${place.service} at ${source.version}`,
      next: "Build the newest template, then: watertight operations retry.",
    });
  const model = place.schema === null ? "database" : "schema";
  await runSchema(session, place.schema, await kitOwner(session), source.upgrade(model, from), source.version);
}

// packages/control/src/catalog/cells.ts
var columns3 = `id, host, port, admin_secret as "adminSecret", region, state, max_databases as "maxDatabases", max_schemas as "maxSchemas",
  max_pool_tenants as "maxPoolTenants", connection_budget as "connectionBudget", version::text`;
async function getCell(db, id) {
  const { rows } = await db.query(`select ${columns3} from watertight_catalog.cell where id = $1`, [id]);
  if (rows.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `cell ${id}` });
  return rows[0];
}

// packages/control/src/provision/place.ts
function locationOf(operation3) {
  return `loc_${operation3.replace(/^op_/, "")}`;
}
async function findPlace(db, location) {
  const { rows } = await db.query(
    `select service, schema_version as "schemaVersion", warm, made_by as "madeBy" from watertight_catalog.location where id = $1`,
    [location],
  );
  const [noted] = rows;
  if (noted === void 0) return void 0;
  const found = await getLocation(db, location);
  return {
    ...found,
    ...noted,
    onCell: await getCell(db, found.cell),
  };
}
async function placeOf(context2, finder4) {
  const place = await findPlaceOf(context2, finder4);
  if (place === void 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `place of ${context2.operation.id}` });
  return place;
}
async function findPlaceOf(context2, finder4) {
  return withConnection(context2.catalog, async (db) => {
    const id = await finder4(context2, db);
    return id === void 0 ? void 0 : findPlace(db, id);
  });
}
async function preparePlace(tx, actor, operation3, place) {
  const { rows } = await tx
    .query(
      `insert into watertight_catalog.location as l (id, cell, model, database, schema, rw_role, ro_role, rw_secret, ro_secret, key_secret, service, schema_version, warm, made_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
       on conflict (id) do update set state = 'preparing', cell = excluded.cell, database = excluded.database, schema = excluded.schema, rw_role = excluded.rw_role,
         ro_role = excluded.ro_role, rw_secret = excluded.rw_secret, ro_secret = excluded.ro_secret, key_secret = excluded.key_secret,
         schema_version = excluded.schema_version, warm = excluded.warm, version = l.version + 1
       where l.state = 'retired' returning 1 as yes`,
      [
        place.id,
        place.cell,
        place.model,
        place.database,
        place.schema,
        place.rwRole,
        place.roRole,
        place.rwSecret,
        place.roSecret,
        place.keySecret,
        place.service,
        place.schemaVersion,
        place.warm ?? false,
        operation3.id,
      ],
    )
    .catch((error) => {
      throw refused(error, `place ${place.database} on ${place.cell}`);
    });
  if (rows.length > 0)
    await appendAudit(tx, actor, "location.added", `location:${place.id}`, {
      cell: place.cell,
      model: place.model,
      database: place.database,
      schema: place.schema,
    });
}

// packages/control/src/cells/class-roles.ts
var defaultClassPrefix = "watertight_silo";
function classRoles(prefix2 = defaultClassPrefix) {
  return {
    owner: `${prefix2}_owner`,
    migrator: `${prefix2}_migrator`,
    app: `${prefix2}_app`,
    readonly: `${prefix2}_readonly`,
    control: `${prefix2}_control`,
    prober: `${prefix2}_prober`,
  };
}
var collisions2 = /* @__PURE__ */ new Set(["23505", "42710", "XX000"]);
async function makeClassRoles(session, roles) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await make(session, roles);
    } catch (error) {
      if (attempt === 5 || !collisions2.has(error.code ?? "")) throw error;
    }
  }
}
async function make(session, roles) {
  for (const kind of ["owner", "migrator", "app", "readonly", "control"]) {
    const name = roles[kind];
    const { rows: rows2 } = await session.query("select 1 from pg_catalog.pg_roles where rolname = $1", [name]);
    if (rows2.length > 0) continue;
    const quoted = quoteName(name);
    await session.query(
      `create role ${quoted} nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
       comment on role ${quoted} is ${quoteText(`Made by Watertight: ${kind} of every database of this server that is made from a template`)}`,
    );
  }
  const { rows } = await session.query(
    `select r.rolsuper as super, pg_catalog.current_setting('server_version_num')::int >= 160000 as modern, current_user as me,
            pg_catalog.pg_has_role($1, 'usage') as member
       from pg_catalog.pg_roles r where r.rolname = current_user`,
    [roles.owner],
  );
  const { super: superuser, modern, me } = rows[0];
  if (superuser) return;
  const options = modern ? " with inherit true, set true" : "";
  for (const kind of ["owner", "migrator"])
    await session.query(`grant ${quoteName(roles[kind])} to ${quoteName(me)}${options}`);
}

// packages/control/src/cells/scram.ts
import {
  createHash as createHash4,
  createHmac as createHmac2,
  pbkdf2Sync,
  randomBytes as randomBytes3,
} from "node:crypto";
var iterations = 4096;
function newPassword() {
  return randomBytes3(32).toString("base64url");
}
function scramVerifier(password, salt = randomBytes3(16)) {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const hmac = (word) => createHmac2("sha256", salted).update(word).digest();
  const stored = createHash4("sha256").update(hmac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${hmac("Server Key").toString("base64")}`;
}

// packages/control/src/provision/names.ts
import { createHash as createHash5 } from "node:crypto";
var longest2 = 56;
function placeName(slug, salt) {
  const readable2 = slug
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_|_$/g, "");
  const hash = createHash5("sha256").update(`${salt}\0${slug}`).digest("hex").slice(0, 12);
  const part = readable2.slice(0, longest2 - "t__".length - hash.length).replace(/_$/, "");
  return part === "" ? `t_${hash}` : `t_${part}_${hash}`;
}
function placeRoles(database2) {
  return { group: `${database2}_in`, rw: `${database2}_rw`, ro: `${database2}_ro` };
}
function templateName(service, version) {
  return service === "main" ? `tmpl_v${version}` : `tmpl_${service.replaceAll("-", "_")}_v${version}`;
}
function unfinishedName(operation3) {
  return `making_${operation3}`;
}
function tagOf(operation3) {
  return `watertight operation ${operation3}`;
}

// packages/control/src/provision/tags.ts
var catalogs = {
  database:
    "select pg_catalog.shobj_description(oid, 'pg_database') as tag from pg_catalog.pg_database where datname = $1",
  role: "select pg_catalog.shobj_description(oid, 'pg_authid') as tag from pg_catalog.pg_roles where rolname = $1",
  schema:
    "select pg_catalog.obj_description(oid, 'pg_namespace') as tag from pg_catalog.pg_namespace where nspname = $1",
};
async function readTag(session, kind, name, operation3) {
  const { rows } = await session.query(catalogs[kind], [name]);
  if (rows.length === 0) return "absent";
  const comment = rows[0]["tag"];
  return comment === tagOf(operation3) ? "ours" : { comment };
}
async function isOurs(session, kind, name, operation3) {
  const tag = await readTag(session, kind, name, operation3);
  if (tag === "absent" || tag === "ours") return tag === "ours";
  throw controlError("WT_CELL_FOREIGN_OBJECT", { detail: `${kind} ${name}` });
}
function tagStatement(kind, name, operation3) {
  return `comment on ${kind} ${quoteName(name)} is ${quoteText(tagOf(operation3))}`;
}

// packages/control/src/provision/place-roles.ts
function rolesStep(options, finder4) {
  const { secrets } = options;
  const at = (context2, place, fn) => onPlace(context2, secrets, { cell: place.onCell }, fn);
  return {
    name: "roles",
    async observe(context2) {
      const place = await placeOf(context2, finder4);
      const tagged = place.madeBy ?? context2.operation.id;
      return at(context2, place, async (session) => {
        let all = true;
        for (const role of Object.values(placeRoles(place.database)))
          all = (await isOurs(session, "role", role, tagged)) && all;
        return all;
      });
    },
    async act(context2) {
      const place = await placeOf(context2, finder4);
      for (const name of Object.values(placeRoles(place.database)))
        await context2.willMake({ cell: place.cell, kind: "role", name });
      context2.failpoint("roles.promised");
      const verifiers = {
        rw: scramVerifier(await secrets.read(place.rwSecret)),
        ro: scramVerifier(await secrets.read(place.roSecret)),
      };
      await at(context2, place, (session) =>
        makeRoles2(
          session,
          context2.operation.id,
          place,
          classRoles(options.classPrefix),
          verifiers,
          options.connectionLimit ?? 20,
          () => context2.failpoint("roles.inside"),
        ),
      );
    },
    async undo(context2) {
      const place = await findPlaceOf(context2, finder4);
      if (place === void 0 || place.madeBy !== context2.operation.id) return;
      await at(context2, place, (session) => dropRoles(session, context2.operation.id, place.database));
      await settle(context2, "role");
    },
  };
}
async function makeRoles2(session, operation3, place, classes2, verifiers, limit, inside) {
  const { group, rw, ro } = placeRoles(place.database);
  const login = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls";
  const { rows } = await session.query(
    "select pg_catalog.current_setting('server_version_num')::int >= 160000 as modern",
  );
  const member = rows[0]["modern"] === true ? " with inherit true, set false" : "";
  const statements = [];
  const make2 = async (name, text2) => {
    if (await isOurs(session, "role", name, operation3)) return;
    statements.push(`create role ${quoteName(name)} ${text2}`, tagStatement("role", name, operation3));
  };
  await make2(group, `nologin ${login}`);
  await make2(
    rw,
    `login ${login} connection limit ${limit} password ${quoteText(verifiers.rw)} in role ${quoteName(group)}`,
  );
  await make2(
    ro,
    `login ${login} connection limit ${limit} password ${quoteText(verifiers.ro)} in role ${quoteName(group)}`,
  );
  if (statements.length === 0) return;
  inside();
  await session.query(
    [
      ...statements,
      `grant ${quoteName(classes2.app)} to ${quoteName(rw)}${member}`,
      `grant ${quoteName(classes2.readonly)} to ${quoteName(ro)}${member}`,
      `alter role ${quoteName(ro)} set default_transaction_read_only = on`,
    ].join(";\n"),
  );
}
async function dropRoles(session, operation3, database2) {
  const { group, rw, ro } = placeRoles(database2);
  for (const name of [rw, ro, group])
    if ((await readTag(session, "role", name, operation3)) === "ours")
      await session.query(`drop role ${quoteName(name)}`);
}
async function settle(context2, kind) {
  await context2.commit(async (tx) => {
    await tx.query(
      "update watertight_catalog.cleanup set settled_at = clock_timestamp(), settled_as = 'removed' where operation = $1 and kind = $2 and settled_at is null",
      [context2.operation.id, kind],
    );
  });
}

// packages/control/src/provision/fence-step.ts
function fenceStep(options, finder4, tenantOf2) {
  const at = (context2, place, fn) =>
    onPlace(context2, options.secrets, { cell: place.onCell, database: place.database }, fn);
  return {
    name: "fence",
    async observe(context2) {
      const place = await placeOf(context2, finder4);
      const tenant = tenantOf2(context2.input);
      const states = await at(context2, place, (session) => fenceStates(session, [tenant]));
      if (states.size === 0) return false;
      if (!(await promised(context2, place, tenant)))
        throw controlError("WT_CELL_FOREIGN_OBJECT", { detail: `tenant ${tenant} in the fence of ${place.database}` });
      return ["incoming", "active"].includes(states.get(tenant) ?? "");
    },
    async act(context2) {
      const place = await placeOf(context2, finder4);
      const tenant = tenantOf2(context2.input);
      await context2.willMake({ cell: place.cell, kind: "fence", name: tenant, database: place.database });
      context2.failpoint("fence.promised");
      await at(context2, place, async (session) => {
        await registerIncoming(session, [tenant]);
        context2.failpoint("fence.inside");
      });
    },
    async undo(context2) {
      const place = await findPlaceOf(context2, finder4);
      const tenant = tenantOf2(context2.input);
      if (place === void 0 || !(await promised(context2, place, tenant))) return;
      if (place.madeBy !== context2.operation.id || place.schema !== null)
        await at(context2, place, (session) => forgetIncoming(session, [tenant]));
      await settle(context2, "fence");
    },
  };
}
async function fenceStates(session, tenants) {
  const { rows } = await session.query("select tenant, state from watertight.fence where tenant = any ($1)", [tenants]);
  return new Map(rows.map((row3) => [row3["tenant"], row3["state"]]));
}
async function registerIncoming(session, tenants) {
  const { rows } = await session.query(
    `with made as (
       insert into watertight.fence (tenant, state) select t, 'incoming' from pg_catalog.unnest($1::text[]) t on conflict do nothing
     ) select f.tenant from watertight.fence f where f.tenant = any ($1) and f.state = 'deleted' limit 1`,
    [tenants],
  );
  if (rows.length > 0)
    throw controlError("WT_CATALOG_DUPLICATE", { detail: `tenant ${rows[0]["tenant"]} was deleted there` });
}
async function forgetIncoming(session, tenants) {
  await session.query("delete from watertight.fence where tenant = any ($1) and state = 'incoming'", [tenants]);
}
async function promised(context2, place, tenant) {
  return withConnection(context2.catalog, async (db) => {
    const { rows } = await db.query(
      "select 1 from watertight_catalog.cleanup where operation = $1 and kind = 'fence' and cell = $2 and database = $3 and name = $4 and settled_as is distinct from 'removed'",
      [context2.operation.id, place.cell, place.database, tenant],
    );
    return rows.length > 0;
  });
}

// packages/control/src/provision/activate-step.ts
function activateStep(options, finder4, tenantOf2) {
  return {
    name: "activate",
    async observe(context2) {
      const place = await placeOf(context2, finder4);
      const tenant = tenantOf2(context2.input);
      const [active, row3] = await withConnection(context2.catalog, async (db) => [
        await activePlacement(db, tenant, place.service),
        await getTenant(db, tenant),
      ]);
      return active?.location === place.id && row3.state === "active";
    },
    async act(context2) {
      const place = await placeOf(context2, finder4);
      const tenant = tenantOf2(context2.input);
      const source = await options.schemaOf(place.service);
      const address = { cell: place.onCell, database: place.database };
      if (place.madeBy === context2.operation.id)
        await onPlace(context2, options.secrets, address, (session) => bringUpToDate(session, place, source));
      await onPlace(context2, options.secrets, address, async (session) => {
        const version = await versionOf(session, place.schema);
        await noteTenantVersion(session, [tenant], version);
        await context2.commit(async (tx) => {
          await activatePlacement(tx, context2.actor, {
            tenant,
            service: place.service,
            location: place.id,
            schemaVersion: version,
          });
          context2.failpoint("activate.shared");
          await openFence(session, [tenant]);
          context2.failpoint("activate.fenced");
          await setLocationState(tx, context2.actor, place.id, "ready");
          await moveTenantState(tx, context2.actor, tenant, ["provisioning"], "active");
        });
      });
    },
    async undo(context2) {
      const place = await findPlaceOf(context2, finder4);
      if (place === void 0) return;
      const tenant = tenantOf2(context2.input);
      await onPlace(context2, options.secrets, { cell: place.onCell, database: place.database }, async (session) => {
        if ((await fenceStates(session, [tenant])).get(tenant) === "active")
          await session.query("select watertight.set_tenant_state($1, 'incoming')", [tenant]);
      });
      await context2.commit(async (tx) => {
        await retirePlacement(tx, context2.actor, tenant, place.service, place.id);
        if ((await getTenant(tx, tenant)).state === "active")
          await moveTenantState(tx, context2.actor, tenant, ["active"], "provisioning");
      });
    },
  };
}
async function noteTenantVersion(session, tenants, version) {
  await session.query("update watertight.fence set schema_version = $2 where tenant = any ($1)", [
    tenants,
    String(version),
  ]);
}
var turnsAtOnce = 1e3;
async function openFence(session, tenants) {
  for (let at = 0; at < tenants.length; at += turnsAtOnce)
    await session.query("select watertight.set_tenant_state(t, 'active') from pg_catalog.unnest($1::text[]) t", [
      tenants.slice(at, at + turnsAtOnce),
    ]);
}

// packages/control/src/provision/adopt-step.ts
function adoptStep(options, finder4) {
  const retag = (context2, place, from, to) =>
    onPlace(context2, options.secrets, { cell: place.onCell }, (session) => changeHands(session, place, from, to));
  return {
    name: "adopt",
    observe: async (context2) => (await placeOf(context2, finder4)).madeBy === context2.operation.id,
    async act(context2) {
      const place = await placeOf(context2, finder4);
      const { id } = context2.operation;
      for (const name of Object.values(placeRoles(place.database)))
        await context2.willMake({ cell: place.cell, kind: "role", name });
      await context2.willMake({ cell: place.cell, kind: "database", name: place.database });
      await retag(context2, place, place.madeBy, id);
      context2.failpoint("adopt.tagged");
      await context2.commit(async (tx) => {
        await tx.query("update watertight_catalog.location set made_by = $2, version = version + 1 where id = $1", [
          place.id,
          id,
        ]);
      });
    },
    async undo(context2) {
      const place = await findPlaceOf(context2, finder4);
      if (place === void 0 || place.madeBy === null || place.madeBy === context2.operation.id) return;
      await retag(context2, place, context2.operation.id, place.madeBy);
      await context2.commit(async (tx) => {
        await tx.query(
          "update watertight_catalog.cleanup set settled_at = clock_timestamp(), settled_as = 'kept' where operation = $1 and settled_at is null",
          [context2.operation.id],
        );
      });
    },
  };
}
async function changeHands(session, place, from, to) {
  const objects = [
    ["database", place.database],
    ...Object.values(placeRoles(place.database)).map((role) => ["role", role]),
  ];
  const [, database2] = objects[0];
  if (await isOurs(session, "database", database2, from).catch(() => false))
    await session.query(objects.map(([kind, name]) => tagStatement(kind, name, to)).join(";\n"));
}

// packages/control/src/provision/place-database.ts
function databaseStep(options, finder4) {
  const at = (context2, place, fn) => onPlace(context2, options.secrets, { cell: place.onCell }, fn);
  return {
    name: "database",
    async observe(context2) {
      const place = await placeOf(context2, finder4);
      return at(context2, place, (session) =>
        isOurs(session, "database", place.database, place.madeBy ?? context2.operation.id),
      );
    },
    async act(context2) {
      const place = await placeOf(context2, finder4);
      await context2.willMake({ cell: place.cell, kind: "database", name: place.database });
      await context2.willMake({ cell: place.cell, kind: "database", name: unfinishedName(context2.operation.id) });
      context2.failpoint("database.promised");
      await at(context2, place, async (session) => {
        await copyTemplate(session, context2.operation.id, templateName(place.service, place.schemaVersion));
        context2.failpoint("database.copied");
        await finishDatabase(session, context2.operation.id, place, options.connectionLimit ?? 20);
      });
    },
    async undo(context2) {
      const place = await findPlaceOf(context2, finder4);
      if (place === void 0 || place.madeBy !== context2.operation.id) return;
      await at(context2, place, async (session) => {
        await dropUnfinished(session, context2.operation.id);
        await dropDatabase(session, context2.operation.id, place.database);
      });
      await settle(context2, "database");
    },
  };
}
async function copyTemplate(session, operation3, template) {
  const { rows } = await session.query(
    `select exists (select from pg_catalog.pg_database where datname = $1) as made,
            exists (select from pg_catalog.pg_database where datname = $2 and not datallowconn) as template`,
    [unfinishedName(operation3), template],
  );
  if (rows[0]["template"] !== true) throw controlError("WT_CELL_NO_TEMPLATE", { detail: template });
  if (rows[0]["made"] === true) return;
  await session.query(
    `create database ${quoteName(unfinishedName(operation3))} template ${quoteName(template)} strategy wal_log allow_connections false`,
  );
}
async function finishDatabase(session, operation3, place, limit) {
  const unfinished = quoteName(unfinishedName(operation3));
  const template = templateName(place.service, place.schemaVersion);
  await session.query(
    [
      `revoke all on database ${unfinished} from public`,
      `grant connect on database ${unfinished} to ${quoteName(placeRoles(place.database).group)}`,
      ...(await settingsOf(session, template)).map((setting) => `alter database ${unfinished} set ${setting}`),
      // room for the provisioner beside the tenant's own roles
      `alter database ${unfinished} connection limit ${limit + 5} allow_connections true`,
      tagStatement("database", unfinishedName(operation3), operation3),
      `alter database ${unfinished} rename to ${quoteName(place.database)}`,
    ].join(";\n"),
  );
}
var lists = /* @__PURE__ */ new Set([
  "search_path",
  "local_preload_libraries",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
]);
function settingClause(name, value) {
  return `${name.split(".").map(quoteName).join(".")} = ${lists.has(name) ? value : quoteText(value)}`;
}
async function settingsOf(session, template) {
  const { rows } = await session.query(
    `select pg_catalog.split_part(s, '=', 1) as name, pg_catalog.substr(s, pg_catalog.strpos(s, '=') + 1) as value
       from pg_catalog.pg_db_role_setting r join pg_catalog.pg_database d on d.oid = r.setdatabase, pg_catalog.unnest(r.setconfig) s
      where d.datname = $1 and r.setrole = 0`,
    [template],
  );
  return rows.map(({ name, value }) => settingClause(name, value));
}
async function dropUnfinished(session, operation3) {
  const { rows } = await session.query("select 1 from pg_catalog.pg_database where datname = $1", [
    unfinishedName(operation3),
  ]);
  if (rows.length > 0) await dropClosed(session, unfinishedName(operation3));
}
async function dropDatabase(session, operation3, database2) {
  if ((await readTag(session, "database", database2, operation3)) === "ours") await dropClosed(session, database2);
}
async function dropClosed(session, database2) {
  await session.query(`alter database ${quoteName(database2)} with allow_connections false`);
  await session.query(`drop database ${quoteName(database2)} with (force)`);
}

// packages/control/src/provision/place-keys.ts
function keysStep({ secrets }, finder4) {
  const keyOf = async (place) => {
    if (place.keySecret === null) throw controlError("WT_SECRET", { detail: `location ${place.id} has no key` });
    return secrets.read(place.keySecret);
  };
  return {
    name: "keys",
    async observe(context2) {
      const place = await placeOf(context2, finder4);
      const [kid] = (await keyOf(place)).split(":");
      return onPlace(context2, secrets, { cell: place.onCell, database: place.database }, (session) =>
        hasKey(session, kid),
      );
    },
    async act(context2) {
      const place = await placeOf(context2, finder4);
      const key2 = await keyOf(place);
      await onPlace(context2, secrets, { cell: place.onCell, database: place.database }, async (session) => {
        await rekeyKit(session, key2);
        context2.failpoint("keys.inside");
      });
    },
  };
}
async function hasKey(session, kid) {
  const { rows } = await session.query(
    "select (select pg_catalog.array_agg(k.kid) from watertight.key k) = array[$1::text] and exists (select from watertight.seal) as yes",
    [kid],
  );
  return rows[0]["yes"] === true;
}

// packages/control/src/provision/place-secrets.ts
import { randomBytes as randomBytes4, randomInt as randomInt2 } from "node:crypto";
function secretReferences(secrets, operation3) {
  const of = (what) => secrets.reference(`${operation3}-${what}`);
  return { rwSecret: of("rw"), roSecret: of("ro"), keySecret: of("key") };
}
function newTokenKey() {
  const kid = randomInt2(36 ** 3)
    .toString(36)
    .padStart(3, "0");
  return `k${kid}:${randomBytes4(32).toString("base64url")}`;
}
async function readable(secrets, reference) {
  if (reference === null) return false;
  return secrets.read(reference).then(
    () => true,
    (error) => {
      if (error.code === "WT_SECRET") return false;
      throw error;
    },
  );
}
function secretsStep({ secrets }, finder4) {
  return {
    name: "secrets",
    async observe(context2) {
      const place = await placeOf(context2, finder4);
      for (const reference of [place.rwSecret, place.roSecret, place.keySecret])
        if (!(await readable(secrets, reference))) return false;
      return true;
    },
    async act(context2) {
      const place = await placeOf(context2, finder4);
      for (const [reference, value] of [
        [place.rwSecret, newPassword],
        [place.roSecret, newPassword],
        [place.keySecret, newTokenKey],
      ])
        if (reference !== null && !(await readable(secrets, reference))) {
          await secrets.keep(reference.slice(reference.indexOf(":") + 1), value());
          context2.failpoint("secrets.inside");
        }
    },
    async undo(context2) {
      const place = await findPlaceOf(context2, finder4);
      if (place?.madeBy !== context2.operation.id) return;
      await removeSecrets(secrets, place);
    },
  };
}
async function removeSecrets(secrets, place) {
  for (const reference of [place.rwSecret, place.roSecret, place.keySecret])
    if (reference !== null) await secrets.remove(reference);
}

// packages/control/src/provision/cell-loads.ts
var choiceLock = "7071006";
async function lockCellLoads(tx) {
  await tx.query(`select pg_catalog.pg_advisory_xact_lock(${choiceLock})`);
  const { rows } = await tx.query(
    `select c.id, c.region, c.state, c.max_databases as "maxDatabases", c.max_schemas as "maxSchemas", c.max_pool_tenants as "maxPoolTenants",
            (select count(*)::int from watertight_catalog.location l where l.cell = c.id and l.schema is null and l.state <> 'retired') as databases
       from watertight_catalog.cell c order by c.id`,
  );
  const { rows: shared2 } = await tx.query(
    `select l.cell, l.id as location, l.model, l.service,
            (select count(*)::int from watertight_catalog.placement p where p.location = l.id and p.state in ('incoming', 'active')) as tenants,
            (select count(*)::int from watertight_catalog.location s where s.cell = l.cell and s.database = l.database and s.schema is not null and s.state <> 'retired') as schemas
       from watertight_catalog.location l where l.model in ('pool', 'silo') and l.state = 'ready' order by l.id`,
  );
  return rows.map((row3) => {
    const { databases, ...cell } = row3;
    const here = shared2.filter((place) => place["cell"] === cell.id);
    return {
      cell,
      databases,
      poolTenants: here.filter(({ model }) => model === "pool").reduce((sum, { tenants }) => sum + tenants, 0),
      shared: here,
    };
  });
}

// packages/control/src/provision/choose-cell.ts
var capShare = 0.8;
function chooseCell(loads, wanted) {
  const asked = loads.filter(
    ({ cell, shared: shared2 }) =>
      (wanted.cell === void 0 || cell.id === wanted.cell) &&
      (wanted.region === void 0 || cell.region === wanted.region) &&
      (wanted.location === void 0 || shared2.some(({ location }) => location === wanted.location)),
  );
  if (asked.length === 0) throw controlError("WT_CATALOG_NOT_FOUND", { detail: `a cell for ${told(wanted)}` });
  const open2 = asked.filter(({ cell }) => cell.state === "active");
  const [first] = open2
    .flatMap((load2) => candidates(load2, wanted))
    .toSorted((a, b) => a.load - b.load || (a.id < b.id ? -1 : 1));
  if (first === void 0)
    throw controlError("WT_CELL_FULL", {
      detail: `${told(wanted)}: ${asked.map((load2) => `${load2.cell.id} ${why(load2, wanted)}`).join(", ")}`,
    });
  return { cell: first.cell, ...(first.location === void 0 ? {} : { location: first.location }) };
}
function candidates(load2, wanted) {
  const { cell } = load2;
  if (wanted.model === "database") {
    const share = load2.databases / cell.maxDatabases;
    return share < capShare ? [{ cell: cell.id, id: cell.id, load: share }] : [];
  }
  if (wanted.model === "silo" && wanted.location === void 0) return [];
  return load2.shared
    .filter(
      (place) =>
        place.model === (wanted.model === "silo" ? "silo" : "pool") &&
        place.service === wanted.service &&
        (wanted.location === void 0 || place.location === wanted.location),
    )
    .map((place) => ({
      cell: cell.id,
      location: place.location,
      id: place.location,
      load: shareOf(load2, place, wanted.model),
    }))
    .filter((candidate) => candidate.load < capShare);
}
function shareOf(load2, place, model) {
  if (model === "schema") return place.schemas / load2.cell.maxSchemas;
  if (model === "pool") return load2.poolTenants / load2.cell.maxPoolTenants;
  return place.tenants / load2.cell.maxPoolTenants;
}
function told({ model, service, region, cell, location }) {
  const where = location ?? cell ?? (region === void 0 ? "any region" : `region ${region}`);
  return `model ${model} of ${service} at ${where}`;
}
function why(load2, { model, service }) {
  if (load2.cell.state !== "active") return `is ${load2.cell.state}`;
  if (model === "database") return `has ${load2.databases} of ${load2.cell.maxDatabases} databases`;
  if (!load2.shared.some((place) => place.service === service)) return `has no shared place for ${service}`;
  if (model === "schema")
    return `has ${Math.max(...load2.shared.map(({ schemas }) => schemas))} of ${load2.cell.maxSchemas} schemas in a database`;
  return `has ${load2.poolTenants} of ${load2.cell.maxPoolTenants} pool tenants`;
}

// packages/control/src/provision/reserve-step.ts
async function placeOfTenant(db, tenant, service) {
  const { rows } = await db.query(
    "select location from watertight_catalog.placement where tenant = $1 and service = $2 and state in ('incoming', 'active') order by state limit 1",
    [tenant, service],
  );
  return rows[0]?.["location"];
}
function reserveStep(options) {
  return {
    name: "reserve",
    observe: async ({ catalog: catalog2, input }) =>
      (await withConnection(catalog2, (db) => placeOfTenant(db, input.tenant.id, input.service))) !== void 0,
    async act(context2) {
      const source = await options.schemaOf(context2.input.service);
      await context2.commit(async (tx) => {
        await ensureTenant(tx, context2);
        await takePlace(tx, context2, options, source.version);
        context2.failpoint("reserve.inside");
      });
    },
    async undo(context2) {
      await context2.commit(async (tx) => {
        const { tenant, service } = context2.input;
        const location = await placeOfTenant(tx, tenant.id, service);
        if (location === void 0) return;
        await retirePlacement(tx, context2.actor, tenant.id, service, location);
        const place = await findPlace(tx, location);
        if (place?.madeBy === context2.operation.id) await setLocationState(tx, context2.actor, location, "retired");
        else if (place?.model === "database")
          await tx.query("update watertight_catalog.location set warm = true, version = version + 1 where id = $1", [
            location,
          ]);
      });
    },
  };
}
async function ensureTenant(tx, { actor, input: { tenant } }) {
  const { rows } = await tx.query("select slug, state from watertight_catalog.tenant where id = $1", [tenant.id]);
  const [found] = rows;
  if (found === void 0) return insertTenants(tx, actor, [tenant]);
  if (found["state"] !== "provisioning" || found["slug"] !== tenant.slug)
    throw controlError("WT_CATALOG_DUPLICATE", { detail: `tenant ${tenant.id} is ${found["state"]}` });
  await getTenant(tx, tenant.id);
}
async function takePlace(tx, context2, options, version) {
  const { input, actor, operation: operation3 } = context2;
  const choice = await choose(tx, input, version);
  let location = choice.location;
  if (location === void 0) {
    location = locationOf(operation3.id);
    const database2 = placeName(input.tenant.slug, `${input.tenant.id}\0${operation3.id}`);
    const { rw, ro } = placeRoles(database2);
    await preparePlace(tx, actor, operation3, {
      id: location,
      cell: choice.cell,
      model: "database",
      database: database2,
      schema: null,
      rwRole: rw,
      roRole: ro,
      ...secretReferences(options.secrets, operation3.id),
      service: input.service,
      schemaVersion: version,
    });
  } else if (input.model === "schema") {
    const host = await findPlace(tx, location);
    location = locationOf(operation3.id);
    await preparePlace(tx, actor, operation3, {
      ...host,
      id: location,
      model: "schema",
      schema: placeName(input.tenant.slug, `${input.tenant.id}\0${operation3.id}`),
      schemaVersion: version,
      warm: false,
    });
  }
  await prepareTenantPlacement(tx, input.tenant.id, input.service, location);
}
async function choose(tx, input, version) {
  const { model, service, region, cell, location } = input;
  const loads = await lockCellLoads(tx);
  if (model === "database") {
    const warm = await takeWarm(tx, input, version);
    if (warm !== void 0) return warm;
  }
  return chooseCell(loads, {
    model,
    service,
    ...(region === void 0 ? {} : { region }),
    ...(cell === void 0 ? {} : { cell }),
    ...(location === void 0 ? {} : { location }),
  });
}
async function takeWarm(tx, { service, region, cell }, version) {
  const { rows } = await tx.query(
    `update watertight_catalog.location set warm = false, version = version + 1 where id = (
       select l.id from watertight_catalog.location l join watertight_catalog.cell c on c.id = l.cell
        where l.warm and l.state = 'ready' and l.service = $1 and l.schema_version = $2 and c.state = 'active'
          and ($3::text is null or c.region = $3) and ($4::text is null or c.id = $4)
        order by l.created_at limit 1 for update of l)
     returning id, cell`,
    [service, version, region ?? null, cell ?? null],
  );
  const [taken] = rows;
  if (taken === void 0) return void 0;
  await appendAudit(tx, { name: "warm" }, "location.assigned", `location:${taken["id"]}`);
  return { cell: taken["cell"], location: taken["id"] };
}

// packages/control/src/provision/schema-step.ts
function schemaStep(options, finder4, tenantOf2) {
  const at = (context2, place, fn) =>
    onPlace(context2, options.secrets, { cell: place.onCell, database: place.database }, fn, {
      statementMs: 12e4,
    });
  return {
    name: "schema",
    async observe(context2) {
      const place = await placeOf(context2, finder4);
      return at(context2, place, (session) => isOurs(session, "schema", place.schema, context2.operation.id));
    },
    async act(context2) {
      const place = await placeOf(context2, finder4);
      const source = await options.schemaOf(place.service);
      if (source.schema === void 0)
        throw controlError("WT_CATALOG_INPUT", {
          detail: `service ${place.service} has no statements for schemas of tenants`,
        });
      const schema = place.schema;
      await context2.willMake({ cell: place.cell, kind: "schema", name: schema, database: place.database });
      context2.failpoint("schema.promised");
      await at(context2, place, async (session) => {
        await session.query("begin");
        try {
          await makeSchema2(session, place, schema, source, tenantOf2(context2.input));
          await session.query(tagStatement("schema", schema, context2.operation.id));
          context2.failpoint("schema.inside");
          await session.query("commit");
        } catch (error) {
          await session.query("rollback");
          throw error;
        }
      });
    },
    async undo(context2) {
      const place = await findPlaceOf(context2, finder4);
      if (place === void 0 || place.schema === null) return;
      await at(context2, place, (session) => dropSchema(session, context2.operation.id, place.schema));
      await settle(context2, "schema");
    },
  };
}
async function makeSchema2(session, place, schema, source, tenant) {
  const owner = await kitOwner(session);
  const users = `${quoteName(place.rwRole)}, ${quoteName(place.roRole)}`;
  await session.query(`create schema ${quoteName(schema)} authorization ${quoteName(owner)}`);
  await session.query(`set local role ${quoteName(owner)}`);
  await session.query(`set local search_path = ${quoteName(schema)}, pg_temp`);
  for (const statement of source.schema ?? []) await session.query(statement);
  await session.query("set local search_path = pg_catalog, pg_temp");
  const { rows } = await session.query(
    `select c.relname as name, c.relkind as kind from pg_catalog.pg_class c where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p', 'v', 'S') order by c.oid`,
    [quoteName(schema)],
  );
  const statements = [`grant usage on schema ${quoteName(schema)} to ${users}`];
  for (const row3 of rows) {
    const name = quoteQualified(schema, row3["name"]);
    if (row3["kind"] === "r" || row3["kind"] === "p") statements.push(...fencePolicies(name, tenant));
    statements.push(
      ...(row3["kind"] === "S"
        ? [`grant usage, select on sequence ${name} to ${quoteName(place.rwRole)}`]
        : [
            `grant select, insert, update, delete on ${name} to ${quoteName(place.rwRole)}`,
            `grant select on ${name} to ${quoteName(place.roRole)}`,
          ]),
    );
  }
  await session.query(statements.join(";\n"));
  await noteVersion(session, schema, source.version);
  await session.query("set local role none");
}
function fencePolicies(table, tenant) {
  const mine = `((select watertight.tenant_id()) = ${quoteText(tenant)})`;
  return [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `create policy watertight_schema_floor on ${table} as restrictive for all to public using ${mine} with check ${mine}`,
    `create policy watertight_schema_rows on ${table} as permissive for all to public using ${mine} with check ${mine}`,
  ];
}
async function dropSchema(session, operation3, schema) {
  if ((await readTag(session, "schema", schema, operation3)) !== "ours") return;
  await session.query(
    `drop schema ${quoteName(schema)} cascade; delete from watertight.setting where name = ${quoteText(`schema_version:${schema}`)}`,
  );
}

// packages/control/src/provision/smoke/attack-sql.ts
var tablesSetting = "watertight_smoke.tables";
var foundSetting = "watertight_smoke.found";
var loop = `for t in select * from pg_catalog.jsonb_to_recordset(pg_catalog.current_setting('${tablesSetting}')::jsonb)
             as x(name text, "column" text, own text, other text, cols text, mine text) loop`;
var leave = `perform pg_catalog.set_config('${foundSetting}', pg_catalog.jsonb_build_object('leaks', leaks, 'untested', untested)::text, true);`;
var begin = `declare
  t record; n bigint; foreign_rows text;
  leaks jsonb := '[]'; untested jsonb := '[]';
begin
  ${loop}`;
var valueOf = (n) => `case
            when y.typname = 'uuid' then 'pg_catalog.gen_random_uuid()' when y.typname in ('json', 'jsonb') then '''{}''' when y.typname = 'bytea' then '''x'''
            when y.typcategory = 'N' then '${n}' when y.typcategory = 'B' then 'true' when y.typcategory = 'S' then '''x${n}'''
            when y.typcategory = 'D' then 'pg_catalog.now()' when y.typcategory = 'T' then '''1 s''' when y.typcategory = 'A' then '''{}'''
            when y.typcategory = 'E' then (select pg_catalog.quote_literal(e.enumlabel) from pg_catalog.pg_enum e where e.enumtypid = y.oid order by e.enumsortorder limit 1)
            else 'null' end`;
var seedScript = `do $smoke$
declare
  t record; parts text; seeded jsonb := '[]'; cols text; theirs text; mine text;
begin
  ${loop}
    select coalesce(pg_catalog.string_agg(', ' || v.name, '' order by v.n), ''), coalesce(pg_catalog.string_agg(', ' || v.theirs, '' order by v.n), ''),
           coalesce(pg_catalog.string_agg(', ' || v.mine, '' order by v.n), '') into cols, theirs, mine from (
      select pg_catalog.quote_ident(a.attname) as name, a.attnum as n, ${valueOf(1)} as theirs, ${valueOf(2)} as mine
        from pg_catalog.pg_attribute a join pg_catalog.pg_type y on y.oid = a.atttypid
       where a.attrelid = t.name::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef and a.attidentity = ''
         and pg_catalog.quote_ident(a.attname) <> coalesce(t."column", '')) v;
    if t."column" is not null then
      begin
        execute pg_catalog.format('insert into %s (%s%s) values (%L%s)', t.name, t."column", cols, t.other, theirs);
      exception when others then
        select pg_catalog.string_agg(p.part, ', ') into parts from (
          select pg_catalog.format('drop constraint if exists %I cascade', c.conname) as part
            from pg_catalog.pg_constraint c where c.conrelid = t.name::regclass and c.contype in ('p', 'u', 'f', 'c', 'x') and c.conislocal and c.coninhcount = 0
           union all
          select pg_catalog.format('alter column %I drop not null', a.attname)
            from pg_catalog.pg_attribute a where a.attrelid = t.name::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull and a.attidentity = ''
           union all
          select 'disable trigger user') p;
        cols := ''; mine := '';
        begin
          execute pg_catalog.format('alter table %s %s', t.name, parts);
          execute pg_catalog.format('insert into %s (%s) values (%L)', t.name, t."column", t.other);
        exception when others then
          raise notice 'no row in %: %', t.name, sqlerrm;
        end;
      end;
    end if;
    seeded := seeded || pg_catalog.jsonb_build_array(pg_catalog.to_jsonb(t) || pg_catalog.jsonb_build_object('cols', cols, 'mine', mine));
  end loop;
  perform pg_catalog.set_config('${tablesSetting}', seeded::text, true);
end $smoke$`;
var attackScript = `do $smoke$
${begin}
    foreign_rows := case when t."column" is null then 'true' else pg_catalog.format('%s::text <> %L', t."column", t.own) end;
    begin
      execute pg_catalog.format('select count(*) from (select 1 from %s where %s limit 1) x', t.name, foreign_rows) into n;
      if n > 0 then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': read'); continue; end if;
    exception when insufficient_privilege or sqlstate 'WT004' then null;
    end;
    begin
      if t."column" is null then
        execute pg_catalog.format('insert into %s default values', t.name);
      else
        execute pg_catalog.format('insert into %s (%s) values (%L)', t.name, t."column", t.other);
      end if;
      leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': insert');
    exception
      when insufficient_privilege then null;
      -- policies are asked before constraints: a row that a constraint refused had passed them
      when integrity_constraint_violation then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': insert');
      when others then untested := untested || pg_catalog.jsonb_build_array(t.name || ': insert');
    end;
    begin
      execute pg_catalog.format('delete from %s where %s', t.name, foreign_rows);
      get diagnostics n = row_count;
      if n > 0 then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': delete'); end if;
    exception
      when insufficient_privilege then null;
      when integrity_constraint_violation then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': delete');
      when others then untested := untested || pg_catalog.jsonb_build_array(t.name || ': delete');
    end;
    continue when t."column" is null;
    begin
      execute pg_catalog.format('update %s set %s = %L where %s', t.name, t."column", t.own, foreign_rows);
      get diagnostics n = row_count;
      if n > 0 then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': update'); end if;
    exception
      when insufficient_privilege then null;
      when integrity_constraint_violation then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': update');
      when others then untested := untested || pg_catalog.jsonb_build_array(t.name || ': update');
    end;
    begin
      execute pg_catalog.format('insert into %s (%s%s) values (%L%s)', t.name, t."column", coalesce(t.cols, ''), t.own, coalesce(t.mine, ''));
      begin
        execute pg_catalog.format('update %s set %s = %L where %s::text = %L', t.name, t."column", t.other, t."column", t.own);
        leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': reassign');
      exception when insufficient_privilege then null;
      end;
    exception
      -- the tenant cannot write its own rows: then nothing above was tested
      when insufficient_privilege then untested := untested || pg_catalog.jsonb_build_array(t.name || ': own');
      when others then untested := untested || pg_catalog.jsonb_build_array(t.name || ': reassign');
    end;
  end loop;
  ${leave}
end $smoke$`;
var withoutContextScript = `do $smoke$
${begin}
    begin
      execute pg_catalog.format('select count(*) from (select 1 from %s limit 1) x', t.name) into n;
      if n > 0 then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': read without a tenant'); end if;
    exception when insufficient_privilege or sqlstate 'WT004' then null;
    end;
    begin
      if t."column" is null then
        execute pg_catalog.format('insert into %s default values', t.name);
      else
        execute pg_catalog.format('insert into %s (%s) values (%L)', t.name, t."column", t.own);
      end if;
      leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': insert without a tenant');
    exception
      when insufficient_privilege or sqlstate 'WT004' or read_only_sql_transaction then null;
      when integrity_constraint_violation then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': insert without a tenant');
      when others then untested := untested || pg_catalog.jsonb_build_array(t.name || ': insert without a tenant');
    end;
  end loop;
  ${leave}
end $smoke$`;
var readOnlyScript = `do $smoke$
${begin}
    foreach foreign_rows in array array[
      pg_catalog.format('insert into %s default values', t.name), pg_catalog.format('delete from %s', t.name),
      pg_catalog.format('truncate %s', t.name),
      pg_catalog.format('update %s set %s = null', t.name, coalesce(t."column", (select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
        where a.attrelid = t.name::regclass and a.attnum > 0 and not a.attisdropped limit 1)))] loop
      begin
        execute foreign_rows;
        leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': the reading role writes');
      exception
        when insufficient_privilege then null;
        -- the rights are asked first: whatever else was said came after them
        when others then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': the reading role writes (' || sqlstate || ')');
      end;
    end loop;
  end loop;
  ${leave}
end $smoke$`;

// packages/control/src/provision/smoke/attack.ts
var bySeal = "select pg_catalog.set_config('watertight.ctx', watertight.seal_of($1), true)";
async function attack(session, { script, tables: tables2, role, tenant, seed, readWrite }) {
  if (tables2.length === 0) return { leaks: [], untested: [] };
  await session.query(readWrite === true ? "begin read write" : "begin");
  try {
    await session.query("select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)");
    await session.query("select pg_catalog.set_config($1, $2, true)", [tablesSetting, JSON.stringify(tables2)]);
    if (role !== void 0) await mayBecome(session, role);
    if (seed !== void 0) {
      await session.query(bySeal, [seed.tenant]);
      await session.query(`set local role ${quoteName(seed.owner)}`);
      await session.query(seedScript);
      await session.query("set local role none");
    }
    if (tenant !== void 0) await session.query(bySeal, [tenant]);
    if (role !== void 0) await session.query(`set local role ${quoteName(role)}`);
    await session.query(script);
    const { rows } = await session.query("select pg_catalog.current_setting($1) as found", [foundSetting]);
    const found = JSON.parse(rows[0]["found"]);
    const shut = found.untested.filter((what) => what.endsWith(": own"));
    if (shut.length > 0)
      throw controlError("WT_PROVISION_LEAK", {
        detail: `a tenant cannot write its own rows, so that nothing was tested: ${shut.join(", ")}`,
      });
    return found;
  } finally {
    await session.query("rollback");
  }
}
async function mayBecome(session, role) {
  const { rows } = await session.query(
    `select current_user as me, r.rolsuper as super, pg_catalog.current_setting('server_version_num')::int >= 160000 as modern
       from pg_catalog.pg_roles r where r.rolname = current_user`,
  );
  const { me, super: superuser, modern } = rows[0];
  if (superuser || me === role) return;
  await session.query(`grant ${quoteName(role)} to ${quoteName(me)}${modern ? " with inherit false, set true" : ""}`);
}

// packages/control/src/provision/smoke/own-credentials.ts
import pg2 from "pg";
var refusals = /* @__PURE__ */ new Set(["42501", "28000", "28P01"]);
async function attackAsItself(input) {
  const { adminUrl, database: database2, rw, ro, tables: tables2, operation: operation3 } = input;
  const leaks = [];
  const untested = [];
  const add = (found) => {
    leaks.push(...found.leaks);
    untested.push(...found.untested);
  };
  await connected(cellUrl(adminUrl, database2, rw), operation3, async (session) => {
    add(await attack(session, { script: withoutContextScript, tables: tables2 }));
    if (input.waiting !== void 0 && !(await refusesToOpen(session, input.waiting)))
      leaks.push("a tenant that is not active yet was opened");
  });
  await connected(cellUrl(adminUrl, database2, ro), operation3, async (session) =>
    add(await attack(session, { script: readOnlyScript, tables: tables2, readWrite: true })),
  );
  for (const other of input.others)
    if (!(await refusesToConnect(cellUrl(adminUrl, other, rw), operation3)))
      leaks.push(`${rw.role} connects to ${other}`);
  return { leaks, untested };
}
async function connected(url, operation3, fn) {
  const client = clientFor(url, operation3);
  try {
    await client.connect().catch((error) => {
      throw controlError("WT_PROVISION_LEAK", {
        detail: `the place's own login does not get in, so that nothing was tested: ${error.message}`,
        cause: error,
      });
    });
    await fn(client);
  } finally {
    await client.end().catch(() => {});
  }
}
function clientFor(connectionString, operation3) {
  const client = new pg2.Client({
    connectionString,
    application_name: `watertight smoke ${operation3}`,
    connectionTimeoutMillis: 1e4,
    options: "-c statement_timeout=30000 -c lock_timeout=5000",
  });
  client.on("error", () => {});
  return client;
}
async function refusesToOpen(session, { tenant, key: key2 }) {
  await session.query("begin");
  try {
    await openContext(session, tenant, "sealed", key2);
    return false;
  } catch (error) {
    if (error.code === "WT002") return true;
    throw error;
  } finally {
    await session.query("rollback");
  }
}
async function refusesToConnect(url, operation3) {
  const client = clientFor(url, operation3);
  try {
    await client.connect();
    return false;
  } catch (error) {
    const { code } = error;
    if (refusals.has(code ?? "") || code === "3D000" || code === "55000") return true;
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}

// packages/control/src/provision/smoke/protected-tables.ts
import { randomInt as randomInt3, randomUUID } from "node:crypto";
async function protectedTables2(session, place, source) {
  const { rows } = await session.query(
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, p.tenant_column as "column", p.tenant_type as type,
            p.mode <> 'enforce' or not c.relrowsecurity or not c.relforcerowsecurity as open,
            pg_catalog.pg_has_role($1, c.relowner, 'usage') as owned,
            not exists (select from pg_catalog.pg_policy q where q.polrelid = c.oid and not q.polpermissive and q.polcmd = '*' and q.polroles = '{0}') as floorless
       from watertight.protected p join pg_catalog.pg_class c on c.oid = p.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace order by 1`,
    [place.rwRole],
  );
  const leaks = rows.flatMap((row3) => [
    ...(row3["open"] === true ? [`${row3["name"]}: row security is not forced`] : []),
    ...(row3["owned"] === true ? [`${row3["name"]}: the application's role owns it`] : []),
    ...(row3["floorless"] === true ? [`${row3["name"]}: no restrictive policy for everybody`] : []),
  ]);
  const { rows: missing } = await session.query(
    `select x.name from pg_catalog.unnest($1::text[]) x(name) where not exists (select from watertight.protected p where p.relation = pg_catalog.to_regclass(x.name))`,
    [source.version === place.schemaVersion && place.madeBy !== null ? source.tables.map(({ table }) => table) : []],
  );
  leaks.push(...missing.map((row3) => `${row3["name"]}: not protected`));
  const groups = ["uuid", "bigint", "text"].flatMap((type) => {
    const ofType = rows.filter((row3) => row3["type"] === type);
    if (ofType.length === 0) return [];
    const [own, other] = [canary(type), canary(type)];
    const tables2 = ofType.map((row3) => ({
      name: row3["name"],
      column: row3["column"] === null ? null : quoteName(row3["column"]),
      own,
      other,
    }));
    return [{ own, other, tables: tables2 }];
  });
  return { groups, leaks };
}
function canary(type) {
  if (type === "bigint") return String(-1 - randomInt3(2 ** 47));
  return type === "uuid" ? randomUUID() : `smoke-${randomUUID()}`;
}
async function schemaTables(session, schemas, own) {
  const { rows } = await session.query(
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = any ($1) and c.relkind in ('r', 'p') order by 1`,
    [schemas],
  );
  return rows.map((row3) => ({ name: row3["name"], column: null, own, other: "" }));
}

// packages/control/src/provision/smoke/smoke-step.ts
var othersTried = 2;
function smokeStep(options, finder4, tenantOf2) {
  return {
    name: "smoke",
    // done again under each lease: what held when a worker died need not hold now
    observe: async ({ output, operation: operation3 }) => output["smoke"]?.lease === operation3.leaseToken,
    async act(context2) {
      const place = await placeOf(context2, finder4);
      const tenant = tenantOf2(context2.input);
      const found = [];
      const groups = await onPlace(
        context2,
        options.secrets,
        { cell: place.onCell, database: place.database },
        async (session) => attackInside(session, options, place, tenant, context2.operation.id, found),
      );
      context2.failpoint("smoke.inside");
      if (place.schema === null) found.push(await ownCredentials(context2, options, place, tenant, groups));
      const leaks = found.flatMap((each) => each.leaks);
      if (leaks.length > 0) throw controlError("WT_PROVISION_LEAK", { detail: leaks.slice(0, 20).join("; ") });
      return {
        smoke: {
          lease: context2.operation.leaseToken,
          tables: groups.reduce((sum, { tables: tables2 }) => sum + tables2.length, 0),
          untested: found.flatMap((each) => each.untested).slice(0, 50),
        },
      };
    },
  };
}
async function attackInside(session, options, place, tenant, operation3, found) {
  if (place.schema !== null && tenant !== void 0) {
    found.push(await attackSchema(session, place, place.schema, tenant));
    return [];
  }
  const { rows: open2 } = await session.query(
    `select d.datname as name from pg_catalog.pg_database d
      where d.datname <> pg_catalog.current_database() and pg_catalog.has_database_privilege($1, d.oid, 'connect')
        and pg_catalog.shobj_description(d.oid, 'pg_database') like 'watertight operation %'`,
    [place.rwRole],
  );
  found.push({ leaks: open2.map((row3) => `${place.rwRole} may connect to ${row3["name"]}`), untested: [] });
  const { groups, leaks } = await protectedTables2(session, place, await options.schemaOf(place.service));
  found.push({ leaks, untested: [] });
  const fresh = place.madeBy === operation3;
  for (const { own, other, tables: tables2 } of groups)
    found.push(
      await attack(session, {
        script: attackScript,
        tables: tables2,
        role: place.rwRole,
        tenant: own,
        ...(fresh ? { seed: { tenant: other, owner: await kitOwner(session) } } : {}),
      }),
    );
  return groups;
}
async function attackSchema(session, place, schema, tenant) {
  const { rows } = await session.query(
    "select n.nspname as name from pg_catalog.pg_namespace n where n.nspname ~ '^t_' and n.nspname <> $1 order by pg_catalog.random() limit 5",
    [schema],
  );
  const stranger = `smoke-${place.id}`;
  const here = await attack(session, {
    script: attackScript,
    tables: await schemaTables(session, [schema], stranger),
    role: place.rwRole,
    tenant: stranger,
  });
  const there = await attack(session, {
    script: attackScript,
    tables: await schemaTables(
      session,
      rows.map((row3) => row3["name"]),
      tenant,
    ),
    role: place.rwRole,
    tenant,
  });
  return { leaks: [...here.leaks, ...there.leaks], untested: [...here.untested, ...there.untested] };
}
async function ownCredentials(context2, { secrets }, place, tenant, groups) {
  const others = await withConnection(context2.catalog, async (db) => {
    const { rows } = await db.query(
      `select database from watertight_catalog.location where cell = $1 and database <> $2 and schema is null and state = 'ready' order by pg_catalog.random() limit $3`,
      [place.cell, place.database, othersTried],
    );
    return rows.map((row3) => row3["database"]);
  });
  const login = async (role, secret) => ({
    role,
    password: await secrets.read(secret),
  });
  return attackAsItself({
    operation: context2.operation.id,
    adminUrl: await secrets.read(place.onCell.adminSecret),
    database: place.database,
    rw: await login(place.rwRole, place.rwSecret),
    ro: await login(place.roRole, place.roSecret),
    tables: groups.flatMap(({ tables: tables2 }) => tables2),
    ...(tenant === void 0 || place.keySecret === null
      ? {}
      : { waiting: { tenant, key: await secrets.read(place.keySecret) } }),
    others,
  });
}

// packages/control/src/provision/tenant-input.ts
var models = ["pool", "schema", "database", "silo"];
function parseCreateTenant(input) {
  only(input, ["tenant", "model", "service", "region", "cell", "location"]);
  const model = text(input, "model");
  if (model === void 0 || !models.includes(model))
    throw wrong(`model ${JSON.stringify(input["model"])}: one of ${models.join(", ")}`);
  const location = text(input, "location");
  if (model === "silo" && location === void 0)
    throw wrong("a tenant of model silo names its location: silo.create makes one");
  if (model === "database" && location !== void 0) throw wrong("a tenant of model database gets a location of its own");
  return {
    tenant: parseTenant(input["tenant"]),
    model,
    service: text(input, "service") ?? "main",
    ...optional("region", text(input, "region")),
    ...optional("cell", text(input, "cell")),
    ...optional("location", location),
  };
}
function parseTenant(value) {
  if (typeof value !== "object" || value === null) throw wrong("tenant is missing");
  const tenant = value;
  only(tenant, ["id", "slug", "name", "tier", "hostnames", "limits", "metadata"]);
  const id = text(tenant, "id");
  const slug = text(tenant, "slug");
  if (id === void 0 || slug === void 0) throw wrong("a tenant needs id and slug");
  if (id === "" || id.includes("\0") || Buffer.byteLength(id) > 200) throw wrong("tenant id: 1 to 200 bytes, no NUL");
  if (Buffer.from(id).toString() !== id) throw wrong("tenant id: not well-formed Unicode");
  return { ...tenant, id, slug, name: text(tenant, "name") ?? slug };
}
function parseTenantOnly(input, more = []) {
  only(input, ["tenant", ...more]);
  const tenant = text(input, "tenant");
  if (tenant === void 0 || tenant === "") throw wrong("tenant is missing");
  return { tenant };
}
function text(input, field) {
  const value = input[field];
  if (value === void 0 || typeof value === "string") return value;
  throw wrong(`${field} is not a text`);
}
function only(input, fields) {
  const odd = Object.keys(input).find((field) => !fields.includes(field));
  if (odd !== void 0) throw wrong(`unknown field ${JSON.stringify(odd)}`);
}
function wrong(detail) {
  return controlError("WT_CATALOG_INPUT", { detail });
}
function optional(key2, value) {
  return value === void 0 ? {} : { [key2]: value };
}

// packages/control/src/provision/create-tenant-kind.ts
var finder = ({ input }, db) => placeOfTenant(db, input.tenant.id, input.service);
var tenantOf = ({ tenant }) => tenant.id;
function createTenantKind(options) {
  return {
    kind: "tenant.create",
    parse: parseCreateTenant,
    subject: ({ tenant }) => `tenant:${tenant.id}`,
    steps({ model }) {
      const own =
        model === "database"
          ? [
              adoptStep(options, finder),
              secretsStep(options, finder),
              rolesStep(options, finder),
              databaseStep(options, finder),
              keysStep(options, finder),
            ]
          : model === "schema"
            ? [schemaStep(options, finder, tenantOf)]
            : [];
      return [
        reserveStep(options),
        ...own,
        fenceStep(options, finder, tenantOf),
        smokeStep(options, finder, tenantOf),
        activateStep(options, finder, tenantOf),
      ];
    },
  };
}

// packages/control/src/provision/lifecycle-kinds.ts
var changes = [
  { kind: "tenant.suspend", fence: "suspended", from: ["active", "maintenance"], to: "suspended" },
  { kind: "tenant.maintenance", fence: "maintenance", from: ["active", "suspended"], to: "maintenance" },
  { kind: "tenant.archive", fence: "suspended", from: ["active", "suspended", "maintenance"], to: "archived" },
  { kind: "tenant.resume", fence: "active", from: ["suspended", "maintenance", "archived"], to: "active" },
];
function lifecycleKinds(options) {
  return changes.map((change) => ({
    kind: change.kind,
    parse: (input) => parseTenantOnly(input),
    subject: ({ tenant }) => `tenant:${tenant}`,
    steps: () =>
      change.to === "active"
        ? [fenceTenant(options, change.fence), moveTenant(change)]
        : [moveTenant(change), fenceTenant(options, change.fence)],
  }));
}
async function activePlaces(context2, tenant) {
  return withConnection(context2.catalog, async (db) => {
    const { rows } = await db.query(
      "select location from watertight_catalog.placement where tenant = $1 and state = 'active' order by service",
      [tenant],
    );
    const places = [];
    for (const row3 of rows) places.push(await findPlace(db, row3["location"]));
    return places;
  });
}
function moveTenant({ from, to }) {
  const stateOf = (context2) =>
    withConnection(context2.catalog, async (db) => (await getTenant(db, context2.input.tenant)).state);
  return {
    name: "catalog",
    observe: async (context2) => (await stateOf(context2)) === to,
    async act(context2) {
      await context2.commit(async (tx) => {
        const before = (await getTenant(tx, context2.input.tenant)).state;
        await moveTenantState(tx, context2.actor, context2.input.tenant, from, to);
        await tx.query("update watertight_catalog.operation set output = output || $2 where id = $1", [
          context2.operation.id,
          JSON.stringify({ before }),
        ]);
        context2.failpoint("catalog.inside");
      });
    },
    async undo(context2) {
      await context2.commit(async (tx) => {
        const { rows } = await tx.query(
          "select output ->> 'before' as before from watertight_catalog.operation where id = $1",
          [context2.operation.id],
        );
        const before = rows[0]?.["before"];
        if (before !== null && (await getTenant(tx, context2.input.tenant)).state === to)
          await moveTenantState(tx, context2.actor, context2.input.tenant, [to], before);
      });
    },
  };
}
var fenceOf = {
  active: "active",
  suspended: "suspended",
  maintenance: "maintenance",
  archived: "suspended",
};
function fenceTenant(options, state) {
  const at = (context2, place, to) =>
    onPlace(context2, options.secrets, { cell: place.onCell, database: place.database }, async (session) => {
      await setTenantState(session, context2.input.tenant, to);
      context2.failpoint("fence.inside");
    });
  const stateAt = (context2, place) =>
    onPlace(context2, options.secrets, { cell: place.onCell, database: place.database }, async (session) =>
      (await fenceStates(session, [context2.input.tenant])).get(context2.input.tenant),
    );
  return {
    name: "fence",
    async observe(context2) {
      for (const place of await activePlaces(context2, context2.input.tenant))
        if ((await stateAt(context2, place)) !== state) return false;
      return true;
    },
    async act(context2) {
      for (const place of await activePlaces(context2, context2.input.tenant))
        if ((await stateAt(context2, place)) !== state) await at(context2, place, state);
    },
    // undone before or after the catalog's step: what stood before is in the operation, or still in the catalog
    async undo(context2) {
      const { rows } = await withConnection(context2.catalog, (db) =>
        db.query(
          "select coalesce(o.output ->> 'before', t.state) as before from watertight_catalog.operation o, watertight_catalog.tenant t where o.id = $1 and t.id = $2",
          [context2.operation.id, context2.input.tenant],
        ),
      );
      const before = fenceOf[rows[0]?.["before"]];
      if (before === void 0) return;
      for (const place of await activePlaces(context2, context2.input.tenant))
        if ((await stateAt(context2, place)) !== before) await at(context2, place, before);
    },
  };
}

// packages/control/src/provision/remove/delete-tenant-kind.ts
import { createHash as createHash6 } from "node:crypto";

// packages/control/src/provision/remove/remove-rows.ts
var batch = 1e4;
async function removeRows(session, tenant, told2 = async () => {}) {
  const owner = await kitOwner(session);
  const { rows } = await session.query(
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from watertight.protected p
       join pg_catalog.pg_class c on c.oid = p.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace where not c.relispartition order by 1`,
  );
  const counts = {};
  let left = rows.map((row3) => row3["name"]);
  while (left.length > 0) {
    const again = [];
    for (const table of left) {
      const gone = await emptyTable(session, owner, tenant, table);
      counts[table] = (counts[table] ?? 0) + gone.rows;
      if (gone.rows > 0) await told2(table, gone.rows);
      if (!gone.all) again.push(table);
    }
    if (again.length === left.length)
      throw controlError("WT_OPERATION_UNVERIFIED", {
        detail: `rows of ${again.join(", ")} are referred to by each other`,
        next: "Make one of the foreign keys between them deferrable, then: watertight operations resume.",
      });
    left = again;
  }
  return counts;
}
async function emptyTable(session, owner, tenant, table) {
  let deleted = 0;
  for (;;) {
    await session.query("begin");
    try {
      await session.query("select pg_catalog.set_config('watertight.ctx', watertight.seal_of($1), true)", [tenant]);
      await session.query(`set local role ${quoteName(owner)}`);
      const { rows } = await session.query(
        `with gone as (delete from ${table} where ctid = any (array(select ctid from ${table} limit ${batch})) returning 1) select count(*)::int as n from gone`,
      );
      await session.query("commit");
      const n = rows[0]["n"];
      deleted += n;
      if (n === 0) return { rows: deleted, all: true };
    } catch (error) {
      await session.query("rollback");
      if (error.code === "23503") return { rows: deleted, all: false };
      throw error;
    }
  }
}

// packages/control/src/provision/remove/remove-place.ts
async function removeFromPlace(context2, options, place, tenant) {
  const about = { location: place.id, model: place.model, service: place.service, cell: place.cell };
  if (place.model === "database") {
    await onPlace(context2, options.secrets, { cell: place.onCell }, async (session) => {
      await dropDatabase(session, place.madeBy, place.database);
      context2.failpoint("remove.database");
      await dropRoles(session, place.madeBy, place.database);
    });
    context2.failpoint("remove.roles");
    await removeSecrets(options.secrets, place);
    return { ...about, dropped: [place.database, ...Object.values(placeRoles(place.database))], keys: "destroyed" };
  }
  return onPlace(
    context2,
    options.secrets,
    { cell: place.onCell, database: place.database },
    async (session) => {
      const rows =
        place.schema === null
          ? await removeRows(session, tenant, (table, n) => context2.progress({ table, rows: n }))
          : void 0;
      context2.failpoint("remove.rows");
      if (place.schema !== null) await dropSchema(session, place.madeBy, place.schema);
      if (!(await fenceStates(session, [tenant])).has(tenant)) await registerIncoming(session, [tenant]);
      await session.query(
        "select watertight.set_tenant_state($1, 'deleted') from watertight.fence where tenant = $1 and state <> 'deleted'",
        [tenant],
      );
      return {
        ...about,
        ...(rows === void 0 ? {} : { rows }),
        dropped: place.schema === null ? [] : [place.schema],
        keys: "shared with the tenants that stay",
      };
    },
    { statementMs: 12e4 },
  );
}

// packages/control/src/provision/remove/delete-tenant-kind.ts
var defaultGraceMs = 30 * 24 * 36e5;
function deleteTenantKind(options) {
  return {
    kind: "tenant.delete",
    fourEyes: true,
    parse(input) {
      const { graceMs } = input;
      if (graceMs !== void 0 && (typeof graceMs !== "number" || !(graceMs >= 0 && graceMs < 1e12)))
        throw wrong("graceMs is no number of milliseconds");
      return { ...parseTenantOnly(input, ["graceMs"]), ...(graceMs === void 0 ? {} : { graceMs }) };
    },
    subject: ({ tenant }) => `tenant:${tenant}`,
    steps: () => [
      moveTenant({ from: ["active", "suspended", "maintenance", "archived", "provisioning"], to: "archived" }),
      fenceTenant(options, "suspended"),
      graceStep(options),
      removeStep(options),
      certificateStep(),
    ],
  };
}
function graceStep(options) {
  return {
    name: "grace",
    observe: async ({ catalog: catalog2, input }) => {
      const { deleteAfter } = await withConnection(catalog2, (db) => getTenant(db, input.tenant));
      return deleteAfter !== null && deleteAfter.getTime() <= Date.now();
    },
    async act(context2) {
      const grace = context2.input.graceMs ?? options.graceMs ?? defaultGraceMs;
      const until = await context2.commit(async (tx) => {
        const { rows } = await tx.query(
          `update watertight_catalog.tenant set delete_after = coalesce(delete_after, clock_timestamp() + $2 * interval '1 ms'), version = version + 1
            where id = $1 returning delete_after as until`,
          [context2.input.tenant, grace],
        );
        return rows[0]["until"];
      });
      context2.failpoint("grace.inside");
      if (until.getTime() > Date.now()) throw new Pause(until);
    },
    undo: (context2) =>
      context2.commit(async (tx) => {
        await tx.query(
          "update watertight_catalog.tenant set delete_after = null, version = version + 1 where id = $1",
          [context2.input.tenant],
        );
      }),
  };
}
function removeStep(options) {
  return {
    name: "remove",
    pointOfNoReturn: true,
    observe: async (context2) => (await activePlaces(context2, context2.input.tenant)).length === 0,
    async act(context2) {
      for (const place of await activePlaces(context2, context2.input.tenant)) {
        const removed = await removeFromPlace(context2, options, place, context2.input.tenant);
        context2.failpoint("remove.inside");
        await context2.commit(async (tx) => {
          await retirePlacement(tx, context2.actor, context2.input.tenant, place.service, place.id);
          if (place.model === "database" || place.model === "schema")
            await setLocationState(tx, context2.actor, place.id, "retired");
          await tx.query(
            "update watertight_catalog.operation set output = jsonb_set(output, '{removed}', coalesce(output -> 'removed', '[]') || $2::jsonb) where id = $1",
            [context2.operation.id, JSON.stringify([removed])],
          );
        });
      }
    },
  };
}
function certificateStep() {
  return {
    name: "certificate",
    observe: async ({ catalog: catalog2, input }) =>
      (await withConnection(catalog2, (db) => getTenant(db, input.tenant))).state === "deleted",
    async act(context2) {
      await context2.commit(async (tx) => {
        const operation3 = await getOperation(tx, context2.operation.id);
        const { slug } = await getTenant(tx, context2.input.tenant);
        const certificate = {
          tenant: context2.input.tenant,
          slug,
          operation: operation3.id,
          requestedBy: operation3.requestedBy,
          approvedBy: operation3.approvedBy,
          requestedAt: operation3.createdAt.toISOString(),
          deletedAt: /* @__PURE__ */ new Date().toISOString(),
          removed: operation3.output["removed"] ?? [],
          notCovered: "Backups that were taken before hold the data until they expire.",
        };
        const text2 = JSON.stringify(certificate);
        const sha256 = createHash6("sha256").update(text2).digest("hex");
        await appendAudit(tx, context2.actor, "tenant.certificate", `tenant:${context2.input.tenant}`, {
          sha256,
          operation: operation3.id,
        });
        await tx.query("update watertight_catalog.operation set output = output || $2 where id = $1", [
          operation3.id,
          JSON.stringify({ certificate: text2, sha256 }),
        ]);
        await moveTenantState(tx, context2.actor, context2.input.tenant, ["archived"], "deleted");
      });
    },
  };
}

// packages/control/src/provision/register-tenants-kind.ts
var most = 2e4;
var finder2 = async ({ input }, db) => ((await findPlace(db, input.location)) === void 0 ? void 0 : input.location);
var idsOf = ({ tenants }) => tenants.map(({ id }) => id);
function registerTenantsKind(options) {
  return {
    kind: "tenants.register",
    parse(input) {
      only(input, ["location", "tenants"]);
      const location = text(input, "location");
      const { tenants } = input;
      if (location === void 0) throw wrong("location is missing");
      if (!Array.isArray(tenants) || tenants.length === 0 || tenants.length > most)
        throw wrong(`tenants: 1 to ${most}`);
      return { location, tenants: tenants.map(parseTenant) };
    },
    subject: ({ location }) => `register:${location}`,
    steps: () => [reserveAll(), fenceAll(options), smokeStep(options, finder2, () => void 0), activateAll(options)],
  };
}
async function statesOf(context2, state) {
  return withConnection(context2.catalog, async (db) => {
    const { rows } = await db.query(
      "select count(*)::int as n from watertight_catalog.placement where location = $1 and tenant = any ($2) and state = $3",
      [context2.input.location, idsOf(context2.input), state],
    );
    return rows[0]["n"];
  });
}
function reserveAll() {
  return {
    name: "reserve",
    observe: async (context2) =>
      (await statesOf(context2, "incoming")) + (await statesOf(context2, "active")) === context2.input.tenants.length,
    async act(context2) {
      const { input, actor } = context2;
      await context2.commit(async (tx) => {
        const place = await findPlace(tx, input.location);
        if (place?.model !== "pool") throw controlError("WT_CATALOG_NOT_FOUND", { detail: `pool ${input.location}` });
        const loads = await lockCellLoads(tx);
        const after = loads.map((load2) => ({ ...load2, poolTenants: load2.poolTenants + input.tenants.length - 1 }));
        chooseCell(after, { model: "pool", service: place.service, location: place.id });
        const { rows } = await tx.query(
          `select t.id from watertight_catalog.tenant t join watertight_catalog.placement p on p.tenant = t.id and p.location = $2 and p.state = 'retired'
            where t.id = any ($1) and t.state = 'provisioning'`,
          [idsOf(input), input.location],
        );
        const known = new Set(rows.map((row3) => row3["id"]));
        const fresh = input.tenants.filter(({ id }) => !known.has(id));
        if (fresh.length > 0) await insertTenants(tx, actor, fresh);
        await tx.query(
          `insert into watertight_catalog.placement as p (tenant, service, location) select t, $2, $3 from pg_catalog.unnest($1::text[]) t
           on conflict (tenant, service, location) do update set state = 'incoming', updated_at = now() where p.state = 'retired'`,
          [idsOf(input), place.service, place.id],
        );
        context2.failpoint("reserve.inside");
      });
    },
    undo: (context2) =>
      context2.commit(async (tx) => {
        await tx.query(
          "update watertight_catalog.placement set state = 'retired', updated_at = now() where location = $1 and tenant = any ($2) and state = 'incoming'",
          [context2.input.location, idsOf(context2.input)],
        );
      }),
  };
}
function fenceAll(options) {
  const states = async (context2, place) =>
    onPlace(context2, options.secrets, { cell: place.onCell, database: place.database }, (session) =>
      fenceStates(session, idsOf(context2.input)),
    );
  return {
    name: "fence",
    observe: async (context2) =>
      (await states(context2, await placeOf(context2, finder2))).size === context2.input.tenants.length,
    async act(context2) {
      const place = await placeOf(context2, finder2);
      await context2.willMake({ cell: place.cell, kind: "fence", name: "*", database: place.database });
      context2.failpoint("fence.promised");
      await onPlace(
        context2,
        options.secrets,
        { cell: place.onCell, database: place.database },
        async (session) => {
          await registerIncoming(session, idsOf(context2.input));
          context2.failpoint("fence.inside");
        },
        { statementMs: 12e4 },
      );
    },
    async undo(context2) {
      const place = await placeOf(context2, finder2);
      await onPlace(context2, options.secrets, { cell: place.onCell, database: place.database }, (session) =>
        forgetIncoming(session, idsOf(context2.input)),
      );
      await settle(context2, "fence");
    },
  };
}
function activateAll(options) {
  return {
    name: "activate",
    observe: async (context2) => (await statesOf(context2, "active")) === context2.input.tenants.length,
    async act(context2) {
      const place = await placeOf(context2, finder2);
      const ids = idsOf(context2.input);
      await onPlace(
        context2,
        options.secrets,
        { cell: place.onCell, database: place.database },
        async (session) => {
          const version = await versionOf(session, null);
          await noteTenantVersion(session, ids, version);
          await context2.commit(async (tx) => {
            const { rows } = await tx.query(
              "select min_version as least from watertight_catalog.service where id = $1 for share",
              [place.service],
            );
            if (version < rows[0]["least"])
              throw controlError("WT_CATALOG_STATE", {
                detail: `schema version ${version} is below ${rows[0]["least"]}`,
                next: "Migrate the pool first.",
              });
            await openFence(session, ids);
            context2.failpoint("activate.fenced");
            await tx.query(
              "update watertight_catalog.placement set state = 'active', schema_version = $3, updated_at = now() where location = $1 and tenant = any ($2) and state = 'incoming'",
              [place.id, ids, version],
            );
            await tx.query(
              "update watertight_catalog.tenant set state = 'active', version = version + 1, updated_at = now() where id = any ($1) and state = 'provisioning'",
              [ids],
            );
            await setLocationState(tx, context2.actor, place.id, "ready");
            await appendAudit(tx, context2.actor, "tenants.active", `location:${place.id}`, {
              count: ids.length,
              schemaVersion: version,
            });
          });
        },
        { statementMs: 12e4 },
      );
    },
  };
}

// packages/control/src/provision/shared-place-kinds.ts
var finder3 = async ({ operation: operation3 }, db) => {
  const id = locationOf(operation3.id);
  return (await findPlace(db, id)) === void 0 ? void 0 : id;
};
function makePlaceKind(kind, options) {
  const model = kind === "pool.create" ? "pool" : kind === "silo.create" ? "silo" : "database";
  return {
    kind,
    parse(input) {
      only(input, ["name", "service", "region", "cell"]);
      const name = text(input, "name");
      if (name === void 0 || name === "") throw wrong("name is missing");
      return {
        name,
        service: text(input, "service") ?? "main",
        ...optional("region", text(input, "region")),
        ...optional("cell", text(input, "cell")),
      };
    },
    subject: ({ service, name }) => `place:${service}:${model}:${name}`,
    steps: () => [
      reservePlace(options, model, kind === "warm.fill"),
      secretsStep(options, finder3),
      rolesStep(options, finder3),
      databaseStep(options, finder3),
      keysStep(options, finder3),
      smokeStep(options, finder3, () => void 0),
      readyStep(kind === "warm.fill"),
    ],
  };
}
function reservePlace(options, model, warm) {
  return {
    name: "reserve",
    observe: async ({ catalog: catalog2, operation: operation3 }) => {
      const place = await withConnection(catalog2, (db) => findPlace(db, locationOf(operation3.id)));
      return place !== void 0 && place.state !== "retired";
    },
    async act(context2) {
      const { operation: operation3, input, actor } = context2;
      const { version } = await options.schemaOf(input.service);
      const database2 = placeName(input.name, operation3.id);
      const { rw, ro } = placeRoles(database2);
      await context2.commit(async (tx) => {
        const { region, cell } = input;
        const choice = chooseCell(await lockCellLoads(tx), {
          model: "database",
          service: input.service,
          ...optional("region", region),
          ...optional("cell", cell),
        });
        await preparePlace(tx, actor, operation3, {
          id: locationOf(operation3.id),
          cell: choice.cell,
          model,
          database: database2,
          schema: null,
          rwRole: rw,
          roRole: ro,
          ...secretReferences(options.secrets, operation3.id),
          service: input.service,
          schemaVersion: version,
          // nobody takes it before it is ready
          warm,
        });
        context2.failpoint("reserve.inside");
      });
      return { location: locationOf(operation3.id) };
    },
    undo: (context2) =>
      context2.commit((tx) => setLocationState(tx, context2.actor, locationOf(context2.operation.id), "retired")),
  };
}
function readyStep(warm) {
  return {
    name: "ready",
    observe: async ({ catalog: catalog2, operation: operation3 }) => {
      const place = await withConnection(catalog2, (db) => findPlace(db, locationOf(operation3.id)));
      return place?.state === "ready" || (warm && place?.warm === false);
    },
    act: (context2) =>
      context2.commit((tx) => setLocationState(tx, context2.actor, locationOf(context2.operation.id), "ready")),
  };
}

// packages/control/src/provision/template-kind.ts
function templateKind(options) {
  return {
    kind: "template.build",
    parse(input) {
      only(input, ["cell", "service"]);
      const cell = text(input, "cell");
      if (cell === void 0) throw wrong("cell is missing");
      return { cell, service: text(input, "service") ?? "main" };
    },
    subject: ({ cell, service }) => `template:${cell}:${service}`,
    steps: () => [buildStep(options)],
  };
}
function buildStep(options) {
  const at = (context2, cell, database2, fn) =>
    onPlace(context2, options.secrets, { cell, ...(database2 === void 0 ? {} : { database: database2 }) }, fn, {
      statementMs: 3e5,
    });
  const cellOf = ({ catalog: catalog2, input }) => withConnection(catalog2, (db) => getCell(db, input.cell));
  return {
    name: "template",
    async observe(context2) {
      const { version } = await options.schemaOf(context2.input.service);
      const name = templateName(context2.input.service, version);
      return at(context2, await cellOf(context2), void 0, async (session) => {
        const tag = await readTag(session, "database", name, context2.operation.id);
        if (tag === "absent") return false;
        if (tag === "ours" || tag.comment?.startsWith(tagOf("op_")) === true) return true;
        throw controlError("WT_CELL_FOREIGN_OBJECT", { detail: `database ${name}` });
      });
    },
    async act(context2) {
      const { operation: operation3, input } = context2;
      const source = await options.schemaOf(input.service);
      const cell = await cellOf(context2);
      const name = templateName(input.service, source.version);
      await context2.willMake({ cell: cell.id, kind: "database", name: unfinishedName(operation3.id) });
      await context2.willMake({ cell: cell.id, kind: "database", name });
      context2.failpoint("template.promised");
      await at(context2, cell, void 0, async (session) => {
        await makeClassRoles(session, classRoles(options.classPrefix));
        await dropUnfinished(session, operation3.id);
        await session.query(`create database ${quoteName(unfinishedName(operation3.id))} template template0`);
        context2.failpoint("template.created");
      });
      await at(context2, cell, unfinishedName(operation3.id), (session) => fill(session, options, source));
      context2.failpoint("template.filled");
      await at(context2, cell, void 0, (session) => finish(session, operation3.id, name, source));
      return { template: name, version: source.version };
    },
    async undo(context2) {
      const { version } = await options.schemaOf(context2.input.service);
      await at(context2, await cellOf(context2), void 0, async (session) => {
        await dropUnfinished(session, context2.operation.id);
        await dropDatabase(session, context2.operation.id, templateName(context2.input.service, version));
      });
      await settle(context2, "database");
    },
  };
}
async function fill(session, options, source) {
  const roles = classRoles(options.classPrefix);
  await installKit(session, { roles, level: "sealed" });
  await session.query(`grant create, usage on schema public to ${quoteName(roles.owner)}`);
  const { rows } = await session.query("select pg_catalog.current_database() as name");
  await session.query(`grant create on database ${quoteName(rows[0]["name"])} to ${quoteName(roles.owner)}`);
  await runSchema(session, null, roles.owner, source.database, source.version);
  for (const { table, ...how } of source.tables) await protectTables(session, [table], how);
  await rekeyKit(session);
}
async function finish(session, operation3, name, source) {
  const unfinished = quoteName(unfinishedName(operation3));
  await session.query(
    [
      `revoke all on database ${unfinished} from public`,
      ...Object.entries(source.settings ?? {}).map(
        ([setting, value]) => `alter database ${unfinished} set ${settingClause(setting, value)}`,
      ),
      tagStatement("database", unfinishedName(operation3), operation3),
      `alter database ${unfinished} allow_connections false`,
      `alter database ${unfinished} rename to ${quoteName(name)}`,
    ].join(";\n"),
  );
}

// packages/control/src/provision/provisioning-kinds.ts
function provisioningKinds(options) {
  const kinds = [
    createTenantKind(options),
    makePlaceKind("pool.create", options),
    makePlaceKind("silo.create", options),
    makePlaceKind("warm.fill", options),
    registerTenantsKind(options),
    templateKind(options),
    ...lifecycleKinds(options),
    deleteTenantKind(options),
  ];
  return new Map(kinds.map((kind) => [kind.kind, kind]));
}

// packages/control/src/secrets/secrets.ts
import { readFile, writeFile, mkdir, rm } from "node:fs/promises";
import { dirname, isAbsolute, join as join2, resolve, sep } from "node:path";
function openSecrets({ env: env2 = process.env, stores = {}, keepIn }) {
  const storeOf = (prefix2) => {
    const store = Object.hasOwn(stores, prefix2) ? stores[prefix2] : void 0;
    if (store === void 0) throw controlError("WT_SECRET", { detail: `no store ${JSON.stringify(prefix2)}` });
    return store;
  };
  const parse = (reference) => {
    const at = reference.indexOf(":");
    if (at < 1) throw controlError("WT_SECRET", { detail: "not a reference" });
    return [reference.slice(0, at), reference.slice(at + 1)];
  };
  return {
    async read(reference) {
      const [prefix2, name] = parse(reference);
      if (prefix2 === "env") {
        const value2 = env2[name];
        if (value2 === void 0 || value2 === "")
          throw controlError("WT_SECRET", { detail: `the variable ${name} is not set` });
        return value2;
      }
      if (prefix2 === "file") return readSecretFile(name);
      const value = await storeOf(prefix2).read(name);
      if (value === void 0) throw controlError("WT_SECRET", { detail: `${prefix2} has no secret ${name}` });
      return value;
    },
    async keep(name, value) {
      await storeOf(keepIn).write(name, value);
      return `${keepIn}:${name}`;
    },
    reference: (name) => `${keepIn}:${name}`,
    async remove(reference) {
      const [prefix2, name] = parse(reference);
      if (prefix2 !== "env" && prefix2 !== "file") await storeOf(prefix2).remove(name);
    },
  };
}
async function readSecretFile(path) {
  if (!isAbsolute(path)) throw controlError("WT_SECRET", { detail: `file:${path} is not an absolute path` });
  try {
    return (await readFile(path, "utf8")).replace(/\r?\n$/, "");
  } catch (error) {
    throw controlError("WT_SECRET", {
      detail: `file:${path}: ${error.code ?? "unreadable"}`,
    });
  }
}
function fileStore(folder2) {
  const root = resolve(folder2);
  const place = (name) => {
    const path = join2(root, encodeURIComponent(name).replaceAll(".", "%2E"));
    if (name === "" || !path.startsWith(root + sep))
      throw controlError("WT_SECRET", { detail: "not a name for a secret" });
    return path;
  };
  return {
    async read(name) {
      return readFile(place(name), "utf8").catch((error) => {
        if (error.code === "ENOENT") return void 0;
        throw error;
      });
    },
    async write(name, value) {
      await mkdir(dirname(place(name)), { recursive: true, mode: 448 });
      await writeFile(place(name), value, { mode: 384 });
    },
    async remove(name) {
      await rm(place(name), { force: true });
    },
  };
}

// packages/control/test/provision/sample-source.ts
var tables = `
  create table projects (tenant_id uuid not null, id int not null, name text not null check (name <> ''), primary key (tenant_id, id));
  create table tasks (tenant_id uuid not null, id int generated always as identity, project int not null, title text not null,
    primary key (tenant_id, id), foreign key (tenant_id, project) references projects (tenant_id, id));`;
function sampleSource(version = 1) {
  const later = version >= 2 ? ["alter table projects add column note text"] : [];
  return {
    version,
    database: [
      tables
        .replaceAll("create table ", "create table public.")
        .replace("references projects", "references public.projects"),
      "create table public.plans (id int primary key, name text)",
      ...later.map((text2) => text2.replace("table projects", "table public.projects")),
    ],
    tables: [{ table: "public.projects" }, { table: "public.tasks" }],
    schema: [
      "create table projects (id int primary key, name text not null)",
      "create table tasks (id int generated always as identity primary key, project int not null references projects, title text not null)",
      "create view open_tasks as select id, title from tasks",
      ...later,
    ],
    upgrade: (_, from) => (from < version ? later : []),
    settings: { timezone: "UTC", search_path: '"$user", public' },
  };
}
function killedSource(fails) {
  return { ...sampleSource(), ...(fails ? { tables: [{ table: "public.nobody_made_this" }] } : {}) };
}

// packages/control/test/provision/provision-process.ts
var env = process.env;
process.stdin.on("end", () => process.exit(1)).resume();
var catalog = new pg3.Pool({ connectionString: env["CATALOG_URL"], max: 4 });
catalog.on("error", () => {});
var result = await runOperation(
  {
    catalog,
    kinds: provisioningKinds({
      secrets: openSecrets({ stores: { local: fileStore(env["SECRETS"]) }, keepIn: "local" }),
      schemaOf: async () => killedSource(env["FAILS"] === "yes"),
    }),
    worker: `process-${process.pid}`,
    signal: new AbortController().signal,
    failpoint: failpointFrom(),
  },
  env["OPERATION"],
);
process.stdout.write(`${result.end}
`);
process.exit(0);
