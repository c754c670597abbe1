import type { Http2Session } from "node:http2";
import { setImmediate } from "node:timers";
import { onDeno } from "./process.ts";

const guarded = new WeakSet<object>();

/**
 * Makes `close` and `destroy` of a session wait for the next turn of the loop, on Deno only.
 * Deno frees the native session at once, even while nghttp2 is inside the callback of a GOAWAY frame, and crashes (denoland/deno#36788).
 * `onError` hears at once what `destroy` was given: by the time it runs, the session may have ended without that word.
 */
export function guardDenoSession(session: Http2Session, onError: (error: Error) => void): void {
  if (!onDeno || guarded.has(session)) return;
  guarded.add(session);
  const close = session.close.bind(session);
  const destroy = session.destroy.bind(session);
  let closing = false;
  let destroying = false;
  session.close = (callback) => {
    if (callback !== undefined) session.once("close", callback);
    if (closing || session.destroyed) return;
    closing = true;
    setImmediate(() => {
      if (!session.destroyed) close();
    });
  };
  session.destroy = (error, code) => {
    if (destroying || session.destroyed) return;
    if (error !== undefined) onError(error);
    destroying = true;
    setImmediate(() => destroy(error, code));
  };
}
