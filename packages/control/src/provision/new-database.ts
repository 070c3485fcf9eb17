/** What the catalog notes of a database that an operation is about to make: names of the database and its logins, references of its secrets. */
import { placeRoles } from "./names.ts";
import { locationOf, type NewPlace, type ProvisioningOptions } from "./place.ts";
import { secretReferences } from "./place-secrets.ts";

/** The row of a database of its own, under the operation's location. */
export function newDatabase(
  { secrets }: ProvisioningOptions,
  operation: string,
  place: Pick<NewPlace, "cell" | "model" | "database" | "service" | "schemaVersion"> & { readonly warm?: boolean },
): NewPlace {
  const { rw, ro } = placeRoles(place.database);
  return {
    id: locationOf(operation),
    schema: null,
    rwRole: rw,
    roRole: ro,
    ...secretReferences(secrets, operation),
    ...place,
  };
}
