/** All operators, in the order in which they run. What is not in this list breaks nothing. */
import type { Operator } from "../mutation.ts";
import { bodyOperators } from "./bodies.ts";
import { effectOperators } from "./effects.ts";
import { functionOperators } from "./functions.ts";
import { grantOperators } from "./grants.ts";
import { keyOperators } from "./keys.ts";
import { policyOperators } from "./policies.ts";
import { predicateOperators } from "./predicates.ts";
import { protectionOperators } from "./protection.ts";
import { roleOperators } from "./roles.ts";
import { subqueryOperators } from "./subqueries.ts";
import { viewOperators } from "./views.ts";

/** Every operator. */
export const operators: readonly Operator[] = [
  ...protectionOperators,
  ...roleOperators,
  ...grantOperators,
  ...predicateOperators,
  ...policyOperators,
  ...subqueryOperators,
  ...functionOperators,
  ...bodyOperators,
  ...viewOperators,
  ...keyOperators,
  ...effectOperators,
];
