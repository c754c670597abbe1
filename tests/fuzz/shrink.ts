import { wordsOf } from "./broken-query.ts";
import { type QueryNode, textOf } from "./query-node.ts";

/**
 * Makes a failing query smaller while `fails` says that it still does: a piece is replaced by one inside it, or by a simple
 * one of its kind. Ends where no single replacement helps, or after `limit` tries.
 */
export async function shrink(
  query: QueryNode,
  fails: (candidate: QueryNode) => Promise<boolean>,
  limit = 300,
): Promise<QueryNode> {
  let best = query;
  const tried = new Set([textOf(query)]);
  for (let left = limit; left > 0; ) {
    let better: QueryNode | undefined;
    for (const candidate of candidatesOf(best)) {
      const text = textOf(candidate);
      if (tried.has(text)) continue;
      tried.add(text);
      if (left-- <= 0) break;
      if (await fails(candidate)) {
        better = candidate;
        break;
      }
    }
    if (better === undefined) return best;
    best = better;
  }
  return best;
}

/** Whole trees with one replacement each, those that take most away first. */
function candidatesOf(root: QueryNode): readonly QueryNode[] {
  const length = textOf(root).length;
  const all = replacements(root).filter((candidate) => textOf(candidate).length < length);
  return all.sort((a, b) => textOf(a).length - textOf(b).length);
}

function replacements(piece: QueryNode): QueryNode[] {
  const out: QueryNode[] = piece.kind === "text" ? shorterTexts(piece) : [];
  for (const text of piece.simpler) out.push({ ...piece, parts: [text] });
  for (const inner of inside(piece)) if (fits(inner, piece)) out.push(inner);
  piece.parts.forEach((part, at) => {
    if (typeof part === "string") return;
    for (const replaced of replacements(part)) {
      out.push({ ...piece, parts: piece.parts.map((old, i) => (i === at ? replaced : old)) });
    }
  });
  return out;
}

/** A text without one of its words or signs. */
function shorterTexts(piece: QueryNode): QueryNode[] {
  const words = wordsOf(textOf(piece));
  return words.map((_, i) => ({ ...piece, parts: [words.toSpliced(i, 1).join("")] }));
}

function inside(piece: QueryNode): QueryNode[] {
  return piece.parts.flatMap((part) => (typeof part === "string" ? [] : [part, ...inside(part)]));
}

function fits(inner: QueryNode, outer: QueryNode): boolean {
  return inner.kind === outer.kind || (outer.kind === "vector" && inner.kind === "selector");
}
