/** Many tests, one verdict; pure. */

/**
 * Holm's adjusted p-values (Holm 1979, "A simple sequentially rejective multiple test procedure"), in the order given:
 * rejecting those up to alpha keeps the chance of any false alarm at alpha, however the tests depend on each other.
 * adjusted_(i) = max over j <= i of min(1, (k - j + 1) p_(j)).
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, index) => index).sort((a, b) => (ps[a] ?? 0) - (ps[b] ?? 0));
  const adjusted = new Array<number>(ps.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (ps.length - rank) * (ps[index] ?? 0)));
    adjusted[index] = largest;
  });
  return adjusted;
}
