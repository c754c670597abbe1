const slabSizeBytes = 16_384;

/** Hands out room in byte slabs, for small encodings that many rows share a buffer for. Room is never handed out twice. */
export class Arena {
  /** The slab that holds the room handed out last. */
  buffer = new Uint8Array(0);
  #used = 0;

  /** Offset in `buffer` of `sizeBytes` fresh bytes. */
  take(sizeBytes: number): number {
    if (this.#used + sizeBytes > this.buffer.length) {
      this.buffer = new Uint8Array(Math.max(slabSizeBytes, sizeBytes));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += sizeBytes;
    return at;
  }

  /** Takes back the last `sizeBytes` of the room handed out last. */
  giveBack(sizeBytes: number): void {
    this.#used -= sizeBytes;
  }
}
