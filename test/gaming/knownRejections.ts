/**
 * Honest changes that are refused all the same, and why that is the better mistake: a person dismisses the finding
 * with a reason or names the test in `mayChangeTests`, while what it guards against would be delivered unseen.
 */
export const knownRejections: Readonly<Record<string, string>> = {
  "renames-a-test":
    "a test with a new name cannot be told from one that was removed beside another that was added",
  parameterised:
    "names that only exist at run time cannot be compared with those that were written in the source",
};
