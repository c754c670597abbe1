import { BatchColumns } from "./batch-columns.ts";

/** Kept for the next streams; some 1.5 MiB where none of them has grown. */
const maxFree = 256;
const rows = 64;
const chunks = 128;
/** Columns that have grown past this are not kept. */
const maxKeptChunks = 256;

const free: BatchColumns[] = [];

/** Columns for a small stream: fourteen objects that many small queries would make anew for each stream and answer. */
export function takeColumns(): BatchColumns {
  return free.pop() ?? new BatchColumns(rows, chunks);
}

/** Takes back columns that nobody reads or writes any more. Each may be given once. */
export function giveColumns(columns: BatchColumns): void {
  const { labelStart, chunkStart } = columns;
  if (free.length >= maxFree || labelStart.length > maxKeptChunks || chunkStart.length > maxKeptChunks)
    return;
  columns.clear();
  free.push(columns);
}
