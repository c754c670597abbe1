const views = new WeakMap<ArrayBufferLike, DataView>();

let lastMemory: ArrayBufferLike = new ArrayBuffer(0);
let lastView: DataView = new DataView(lastMemory);

/** A view over the whole memory behind `bytes` (add `bytes.byteOffset`), the same one for the same memory. */
export function viewOf(bytes: Uint8Array): DataView {
  const memory = bytes.buffer;
  if (memory === lastMemory) return lastView;
  let view = views.get(memory);
  if (view === undefined) {
    view = new DataView(memory);
    views.set(memory, view);
  }
  lastMemory = memory;
  lastView = view;
  return view;
}
