/** What stands at a place of a query. A `selector` is an instant vector that takes a range or modifiers, a `text` is no query, perhaps. */
export type NodeKind = "scalar" | "vector" | "selector" | "matrix" | "string" | "clause" | "text";

/**
 * A piece of a query: its text is that of its parts in a row. `simpler` are pieces that could stand in its place besides
 * those inside it that are of its kind.
 */
export interface QueryNode {
  readonly kind: NodeKind;
  readonly parts: readonly (string | QueryNode)[];
  readonly simpler: readonly string[];
}

/** Joins texts and pieces. */
export function node(kind: NodeKind, ...parts: readonly (string | QueryNode)[]): QueryNode {
  return { kind, parts, simpler: simplest[kind] };
}

/** What a failing query may be reduced to, simplest first. */
const simplest: Readonly<Record<NodeKind, readonly string[]>> = {
  scalar: ["1", "time()"],
  vector: ["vector(1)", "up", "queue", "temperature"],
  selector: ["up", "queue", "temperature"],
  matrix: ["up[5m]", "queue[5m]", "temperature[5m]"],
  string: ['"a"'],
  clause: [""],
  text: [],
};

/** The query's text. */
export function textOf(piece: string | QueryNode): string {
  return typeof piece === "string" ? piece : piece.parts.map(textOf).join("");
}

/** How many pieces it has. */
export function sizeOf(piece: QueryNode): number {
  return piece.parts.reduce((sum, part) => sum + (typeof part === "string" ? 0 : sizeOf(part)), 1);
}
