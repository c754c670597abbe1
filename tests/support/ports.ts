import { createServer } from "node:net";

/** Below the range that the system takes ports of outgoing connections from, so that only another test could be faster. */
const lowest = 12_000;
const highest = 32_000;

/** Ports of 127.0.0.1 that were free a moment ago, all different; for programs that cannot take port 0. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
