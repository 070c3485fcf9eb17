/**
 * Tables of people that are lists of members by design: names and pictures that everybody in the application may see. Showing all of them to all is
 * worth a question and no alarm, as long as nothing in the rows is anybody's secret or address. Must never call a table of contacts a directory.
 */
import type { Relation } from "@watertight/schema";
import { peopleOf } from "../../understand/tenants/people.ts";
import { graphOf } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";

const personal =
  /e_?mail|phone|mobile|fax|passw|passcode|hash|salt|token|secret|otp|api_?key|birth|(^|_)dob($|_)|gender|ssn|passport|national|tax|(^|_)vat|iban|(^|_)bic($|_)|bank|card|payment|billing|stripe|customer_?id|salary|income|address|street|zip|postal|postcode|latitude|longitude|(^|_)(ip|lat|lng|geo|location|device|session|notes?|comments?|metadata|meta|settings|preferences|details|raw|data)($|_)/i;

/** Whether a table is such a list, as far as a role may read its columns. */
export function isDirectory(facts: Facts, relation: Relation, mayRead: (column: string) => boolean): boolean {
  if (!peopleOf(graphOf(facts)).tables.includes(relation)) return false;
  return relation.columns.every(({ name }) => !personal.test(name) || !mayRead(name));
}
