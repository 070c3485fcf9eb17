/** Database tenants from request to active, against bare CREATE DATABASE … TEMPLATE with roles and grants, as many at a time, in the same run. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { type BenchPlane, tableNames, withControlPlane } from "./control-plane.ts";
import { type Figure, judged } from "./figure.ts";

const lanes = 4;

/** The figure. */
export const provisionDb: Figure = {
  name: "provisionDb",
  measure: (context) =>
    withControlPlane(context, lanes, async (plane) => {
      const count = context.quick ? 24 : 200;
      // both warm, and by turns, so that neither has the machine's better half
      await ours(plane, lanes, "warm");
      await bare(plane, lanes, "warm");
      let [value, baseline] = [0, 0];
      const rounds = 4;
      for (let round = 0; round < rounds; round++) {
        value += await ours(plane, count / rounds, `r${round}`);
        baseline += await bare(plane, count / rounds, `r${round}`);
        context.say(`provisionDb: ${((round + 1) * count) / rounds} of ${count}`);
      }
      const ratio = value / baseline;
      return judged("provisionDb", "ms", {
        value: value / count,
        baseline: baseline / count,
        target: "<= 1.5x of bare CREATE DATABASE … TEMPLATE plus grants",
        ok: ratio <= 1.5,
      });
    }),
};

async function ours({ run }: BenchPlane, count: number, name: string): Promise<number> {
  const inputs = Array.from({ length: count }, (_, n) => ({
    model: "database",
    tenant: { id: randomUUID(), slug: `bench-${name}-${n}` },
  }));
  const began = performance.now();
  await run("tenant.create", inputs);
  return performance.now() - began;
}

async function bare({ server }: BenchPlane, count: number, name: string): Promise<number> {
  const left = Array.from({ length: count }, (_, n) => `bare_${name}_${n}`);
  const began = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      const client = new pg.Client({ connectionString: server.url() });
      await client.connect();
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        await client.query(`create database ${next} template tmpl_v1 strategy wal_log`);
        await client.query(
          `create role ${next}_rw login password 'x'; create role ${next}_ro login password 'x';
           revoke all on database ${next} from public; grant connect on database ${next} to ${next}_rw, ${next}_ro`,
        );
        const inside = new pg.Client({ connectionString: server.url(next) });
        await inside.connect();
        await inside.query(
          `grant select, insert, update, delete on ${tableNames.join(", ")} to ${next}_rw; grant select on ${tableNames.join(", ")} to ${next}_ro`,
        );
        await inside.end();
      }
      await client.end();
    }),
  );
  return performance.now() - began;
}
