/**
 * Step: the secrets of a place, made and kept before anything that uses them. They are named after the operation, so that a worker that dies
 * between two of them leaves nothing that the next one does not find. Must never put a value into an output.
 */
import { randomBytes, randomInt } from "node:crypto";
import { newPassword } from "../cells/scram.ts";
import type { Step } from "../operations/operation.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { findPlaceOf, type Place, placeOf, type PlaceFinder, type ProvisioningOptions } from "./place.ts";

/** References of the secrets of a place. */
export function secretReferences(
  secrets: Secrets,
  operation: string,
): { rwSecret: string; roSecret: string; keySecret: string } {
  const of = (what: string): string => secrets.reference(`${operation}-${what}`);
  return { rwSecret: of("rw"), roSecret: of("ro"), keySecret: of("key") };
}

/** A new token key, as the application needs it: four letters of id, 32 random bytes. */
function newTokenKey(): string {
  const kid = randomInt(36 ** 3)
    .toString(36)
    .padStart(3, "0");
  return `k${kid}:${randomBytes(32).toString("base64url")}`;
}

async function readable(secrets: Secrets, reference: string | null): Promise<boolean> {
  if (reference === null) return false;
  return secrets.read(reference).then(
    () => true,
    (error: unknown) => {
      if ((error as { code?: string }).code === "WT_SECRET") return false;
      throw error;
    },
  );
}

/** Makes what is missing of the place's secrets. */
export function secretsStep<I>({ secrets }: ProvisioningOptions, finder: PlaceFinder<I>): Step<I> {
  return {
    name: "secrets",
    async observe(context) {
      const place = await placeOf(context, finder);
      for (const reference of [place.rwSecret, place.roSecret, place.keySecret])
        if (!(await readable(secrets, reference))) return false;
      return true;
    },
    async act(context) {
      const place = await placeOf(context, finder);
      for (const [reference, value] of [
        [place.rwSecret, newPassword],
        [place.roSecret, newPassword],
        [place.keySecret, newTokenKey],
      ] as const)
        if (reference !== null && !(await readable(secrets, reference))) {
          await secrets.keep(reference.slice(reference.indexOf(":") + 1), value());
          context.failpoint("secrets.inside");
        }
    },
    async undo(context) {
      const place = await findPlaceOf(context, finder);
      if (place?.madeBy !== context.operation.id) return;
      await removeSecrets(secrets, place);
    },
  };
}

/** Removes a place's secrets. A second call changes nothing. */
export async function removeSecrets(
  secrets: Secrets,
  place: Pick<Place, "rwSecret" | "roSecret" | "keySecret">,
): Promise<void> {
  for (const reference of [place.rwSecret, place.roSecret, place.keySecret])
    if (reference !== null) await secrets.remove(reference);
}
