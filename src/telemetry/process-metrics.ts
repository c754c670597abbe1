import type { Clock } from "../runtime/clock.ts";
import { cpuSeconds, memoryUsage } from "../runtime/process.ts";
import type { Metrics } from "./metrics.ts";

/** How often the event loop is asked how late it is. */
const lagProbeMs = 250;

/** Registers what a process says of itself: `process_…` as Prometheus's own clients do, and the event loop's lag. */
export function registerProcessMetrics(metrics: Metrics, clock: Clock): void {
  const startSeconds = clock.nowMs() / 1000;
  const single = (read: () => number) => () => [{ value: read() }];
  metrics.observeCounter(
    "process_cpu_seconds_total",
    "Total user and system CPU time spent in seconds.",
    single(cpuSeconds),
  );
  metrics.observe(
    "process_resident_memory_bytes",
    "Resident memory size in bytes.",
    single(() => memoryUsage().rssBytes),
  );
  metrics.observe(
    "process_start_time_seconds",
    "Start time of the process since unix epoch in seconds.",
    single(() => startSeconds),
  );
  metrics.observe(
    "nodejs_heap_size_used_bytes",
    "Process heap size used in bytes.",
    single(() => memoryUsage().heapUsedBytes),
  );
  metrics.observe(
    "nodejs_external_memory_bytes",
    "Memory outside the heap in bytes.",
    single(() => memoryUsage().externalBytes),
  );
  const lag = watchEventLoop(clock);
  metrics.observe(
    "nodejs_eventloop_lag_seconds",
    "Longest delay of the event loop since the last scrape in seconds.",
    single(lag),
  );
}

/** Measures how late a timer fires; the returned function tells the worst case since it was asked last. */
function watchEventLoop(clock: Clock): () => number {
  let worstMs = 0;
  const probe = () => {
    const dueMs = clock.monotonicMs() + lagProbeMs;
    clock.after(lagProbeMs, () => {
      worstMs = Math.max(worstMs, clock.monotonicMs() - dueMs);
      probe();
    });
  };
  probe();
  return () => {
    const seconds = worstMs / 1000;
    worstMs = 0;
    return seconds;
  };
}
