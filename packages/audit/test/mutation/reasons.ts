/** Why the rules leave some mutants alone. A survivor without a reason here fails the test: it is a hole to close, or a mutant to explain. */

const reasons: readonly (readonly [mutants: RegExp, because: string])[] = [
  [
    /^(role-(bypasses|superuser)|joins-owner): (session-role-users|planted-twin): /,
    "a role beside others, whose name says nothing, may well be the administrator's; nothing in the schema says that requests run as this one",
  ],
  [
    /^prefix-match: (postgraphile-schemas|C10-sealed-context|session-rows-and-invitations): /,
    "the pattern is made from what a helper looks up in a table; what such a value can be is not known, and the rules do not guess",
  ],
];

/** The reason for a survivor. */
export function reasonFor(mutant: string): string | undefined {
  return reasons.find(([mutants]) => mutants.test(mutant))?.[1];
}
