import type { HttpExchange } from "../runtime/http-server.ts";

/** Sends a Response as it comes. A body that fails resets the connection. */
export async function sendResponse(exchange: HttpExchange, response: Response): Promise<void> {
  const head = { status: response.status, headers: Object.fromEntries(response.headers) };
  if (response.body === null) {
    exchange.send(head, []);
    return;
  }
  const sink = exchange.start(head);
  try {
    for await (const bytes of response.body) {
      if (exchange.signal.aborted) return;
      await new Promise<void>((resolve) => sink.write(bytes, resolve));
    }
    sink.end();
  } catch (error) {
    sink.reset();
    throw error;
  }
}
