const views = new WeakMap<ArrayBufferLike, DataView>();

let lastMemory: ArrayBufferLike = new ArrayBuffer(0);
let lastView: DataView = new DataView(lastMemory);
/** The one before: two that are compared are asked for in turns. */
let otherMemory: ArrayBufferLike = lastMemory;
let otherView: DataView = lastView;

/** A view over the whole memory behind `bytes` (add `bytes.byteOffset`), the same one for the same memory. */
export function viewOf(bytes: Uint8Array): DataView {
  const memory = bytes.buffer;
  if (memory === lastMemory) return lastView;
  if (memory === otherMemory) return otherView;
  let view = views.get(memory);
  if (view === undefined) {
    view = new DataView(memory);
    views.set(memory, view);
  }
  otherMemory = lastMemory;
  otherView = lastView;
  lastMemory = memory;
  lastView = view;
  return view;
}
