/**
 * Walks the records of a label region (label-records.ts), which whoever read it from a peer has checked.
 *
 *   0x0a len 0x0a n [nameStart … nameEnd) 0x12 n [valueStart … valueEnd) | next record
 *   ^ recordStart                                                        ^ pos
 */
export class LabelWalker {
  bytes: Uint8Array = new Uint8Array(0);
  pos = 0;
  end = 0;
  recordStart = 0;
  nameStart = 0;
  nameEnd = 0;
  valueStart = 0;
  valueEnd = 0;

  reset(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.pos = start;
    this.end = end;
    return this;
  }

  /** Moves to the next record; false at the end of the region. */
  next(): boolean {
    const { bytes } = this;
    let pos = this.pos;
    if (!(pos < this.end)) return false;
    this.recordStart = pos;
    let length = bytes[pos + 1] as number;
    pos += 2;
    if (length > 127) {
      length = this.#longLength(pos);
      pos = this.pos;
    }
    const stop = pos + length;
    if (pos < stop && bytes[pos] === 0x0a) {
      length = bytes[pos + 1] as number;
      pos += 2;
      if (length > 127) {
        length = this.#longLength(pos);
        pos = this.pos;
      }
      this.nameStart = pos;
      pos += length;
      this.nameEnd = pos;
    } else this.nameStart = this.nameEnd = pos;
    if (pos < stop && bytes[pos] === 0x12) {
      length = bytes[pos + 1] as number;
      pos += 2;
      if (length > 127) pos = this.#skipLength(pos);
    }
    this.valueStart = pos;
    this.valueEnd = stop;
    this.pos = stop;
    return true;
  }

  /** The length whose first byte lies before `at`; `pos` is then past it. */
  #longLength(at: number): number {
    let pos = at;
    let length = (this.bytes[pos - 1] as number) & 127;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.bytes[pos++] as number;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    this.pos = pos;
    return length;
  }

  #skipLength(at: number): number {
    this.#longLength(at);
    return this.pos;
  }
}
