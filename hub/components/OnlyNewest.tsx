/** The service gives approvals without a way to the next ones: a list that is cut says so. */
export function OnlyNewest({ isCut }: { isCut: boolean }) {
  return isCut ? <p role="note">Only the newest 100 approvals were read.</p> : null;
}
