/** Degraded rounds in a row: contracts/consensus/RoundState.sol. */
const MAX_DEGRADED = 8;

/** Whether the round may end as degraded: one that began as a round of several may be one too many. */
export function mayDegrade({ standsOn }: { readonly standsOn?: readonly bigint[] }): boolean {
  return (standsOn?.length ?? 0) < MAX_DEGRADED;
}

/**
 * Whether the next round may open, as far as miners go: with two or more always; one goes on alone, provisionally and not
 * for ever, but not from the beginning.
 * @param round the last one
 */
export function mayOpen(
  round: { readonly status: string; readonly standsOn?: readonly bigint[] } | undefined,
  activeMiners: number,
): boolean {
  if (activeMiners !== 1) return activeMiners > 1;
  const degraded = (round?.standsOn?.length ?? 0) + (round?.status === "degraded" ? 1 : 0);
  return round !== undefined && degraded < MAX_DEGRADED;
}
