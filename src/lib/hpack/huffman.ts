/** Lengths in bits of the codes of all bytes and of the end mark (RFC 7541, appendix B). */
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const endMark = 256;

/** The code as a tree: `tree[2 * node + bit]` is the next node, or −1 − symbol at a leaf. The root is node 0. */
const tree = plantTree();

/** The code is canonical: codes of one length go up with their symbols, and shorter ones come first. */
function plantTree(): Int16Array {
  const nodes: number[] = [0, 0];
  const symbols = Array.from(codeLengths.keys()).sort(
    (a, b) => (codeLengths[a] as number) - (codeLengths[b] as number) || a - b,
  );
  let code = 0;
  let length = 0;
  for (const symbol of symbols) {
    const wanted = codeLengths[symbol] as number;
    code *= 2 ** (wanted - length);
    length = wanted;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const at = 2 * node + ((code >>> bit) & 1);
      if (nodes[at] === 0) {
        nodes[at] = nodes.length / 2;
        nodes.push(0, 0);
      }
      node = nodes[at] as number;
    }
    nodes[2 * node + (code & 1)] = -1 - symbol;
    code++;
  }
  return Int16Array.from(nodes);
}

/** The text of a Huffman-coded string in [start, end), one character a byte; `undefined` for what is none. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  let node = 0;
  /** Bits since the last symbol, and whether all of them are ones. */
  let depth = 0;
  let ones = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    for (let bit = 7; bit >= 0; bit--) {
      const one = (byte >>> bit) & 1;
      node = tree[2 * node + one] as number;
      depth++;
      if (one === 0) ones = false;
      if (node >= 0) continue;
      const symbol = -1 - node;
      if (symbol === endMark) return undefined;
      text += String.fromCharCode(symbol);
      node = 0;
      depth = 0;
      ones = true;
    }
  }
  return depth < 8 && ones ? text : undefined;
}
