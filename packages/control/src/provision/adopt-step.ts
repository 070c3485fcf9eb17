/**
 * Step: a warm database that was taken becomes this operation's own: its tags change hands, so that an undo drops it and nobody else's does.
 * Where the operation makes its own place there is nothing to do.
 */
import type { Queryable } from "@watertight/schema";
import { onPlace } from "../cells/on-place.ts";
import type { Step, StepContext } from "../operations/operation.ts";
import { placeRoles } from "./names.ts";
import { findPlaceOf, type Place, type PlaceFinder, placeOf, type ProvisioningOptions } from "./place.ts";
import { isOurs, tagStatement } from "./tags.ts";

/** Takes a warm database over. */
export function adoptStep<I>(options: ProvisioningOptions, finder: PlaceFinder<I>): Step<I> {
  const retag = (context: StepContext<I>, place: Place, from: string, to: string): Promise<void> =>
    onPlace(context as never, options.secrets, { cell: place.onCell }, (session) =>
      changeHands(session, place, from, to),
    );
  return {
    name: "adopt",
    observe: async (context) => (await placeOf(context, finder)).madeBy === context.operation.id,
    async act(context) {
      const place = await placeOf(context, finder);
      const { id } = context.operation;
      await context.willMake(
        ...Object.values(placeRoles(place.database)).map((name) => ({ cell: place.cell, kind: "role" as const, name })),
        { cell: place.cell, kind: "database", name: place.database },
      );
      await retag(context, place, place.madeBy as string, id);
      context.failpoint("adopt.tagged");
      await context.commit(async (tx) => {
        await tx.query("update watertight_catalog.location set made_by = $2, version = version + 1 where id = $1", [
          place.id,
          id,
        ]);
      });
    },
    async undo(context) {
      const place = await findPlaceOf(context, finder);
      if (place === undefined || place.madeBy === null || place.madeBy === context.operation.id) return;
      await retag(context, place, context.operation.id, place.madeBy);
      await context.commit(async (tx) => {
        await tx.query(
          "update watertight_catalog.cleanup set settled_at = clock_timestamp(), settled_as = 'kept' where operation = $1 and settled_at is null",
          [context.operation.id],
        );
      });
    },
  };
}

// All of them in one transaction; what carries the new tag already stays.
async function changeHands(session: Queryable, place: Place, from: string, to: string): Promise<void> {
  const objects = [
    ["database", place.database] as const,
    ...Object.values(placeRoles(place.database)).map((role) => ["role", role] as const),
  ];
  const [, database] = objects[0]!;
  if (await isOurs(session, "database", database, from).catch(() => false))
    await session.query(objects.map(([kind, name]) => tagStatement(kind, name, to)).join(";\n"));
}
