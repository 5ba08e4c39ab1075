/** Which parts of the tree a proof needs (RFC 6962 sections 2.1.1 and 2.1.2), as positions; no hashes here. */

/** Leaves `from` up to, not including, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A perfect subtree: 2^height leaves, the `index`-th of its height. */
export interface Subtree {
  readonly height: number;
  readonly index: number;
}

/** Siblings on the way from a leaf to the root, the leaf's own first. `index` is below `size`. */
export function inclusionSpans(index: number, size: number): Span[] {
  const spans: Span[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + powerBelow(to - from);
    if (index < middle) {
      spans.push({ from: middle, to });
      to = middle;
    } else {
      spans.push({ from, to: middle });
      from = middle;
    }
  }
  return spans.reverse();
}

/** What shows that the tree of `size` begins with the tree of `earlier`; empty for 0 and for equal sizes. `earlier` is at most `size`. */
export function consistencySpans(earlier: number, size: number): Span[] {
  if (earlier === 0 || earlier === size) return [];
  const spans: Span[] = [];
  let from = 0;
  let to = size;
  let whole = true;
  while (earlier !== to) {
    const middle = from + powerBelow(to - from);
    if (earlier <= middle) {
      spans.push({ from: middle, to });
      to = middle;
    } else {
      spans.push({ from, to: middle });
      from = middle;
      whole = false;
    }
  }
  if (!whole) spans.push({ from, to });
  return spans.reverse();
}

/** The perfect subtrees that make up a span of a tree, from left to right. */
export function subtreesOf(span: Span): Subtree[] {
  const subtrees: Subtree[] = [];
  let at = span.from;
  while (at < span.to) {
    let height = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= span.to) {
      width *= 2;
      height += 1;
    }
    subtrees.push({ height, index: at / width });
    at += width;
  }
  return subtrees;
}

/** The greatest power of two below `count`, which is at least 2. */
function powerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}
