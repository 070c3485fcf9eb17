// All attempts, in the order in which they are made. The destructive ones come last within their group.
import { frontDoor } from "./attacks/front-door.ts";
import { injection } from "./attacks/injection.ts";
import { objects } from "./attacks/objects.ts";
import { places } from "./attacks/places.ts";
import type { Attempt } from "./scene.ts";

export const attempts: readonly Attempt[] = [...frontDoor, ...injection, ...objects];

/** The same, and those at the borders between places. */
export const placeAttempts: readonly Attempt[] = [...attempts, ...places];
