import { runtimeName } from "../runtime/process.ts";
import type { Metrics } from "./metrics.ts";

/** What this build calls itself. */
export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
  readonly branch: string;
  readonly buildUser: string;
  readonly buildDate: string;
  /** Stands where Go programs name their Go version. */
  readonly goVersion: string;
}

export function buildInfo(): BuildInfo {
  return {
    version: "0.1.0",
    revision: "",
    branch: "",
    buildUser: "",
    buildDate: "",
    goVersion: runtimeName(),
  };
}

/** Whether a component is up and may be asked; shown as `thanos_status`. */
export interface ComponentStatus {
  isHealthy(): boolean;
  isReady(): boolean;
  setHealthy(healthy: boolean): void;
  setReady(ready: boolean): void;
  /** Makes readiness depend on `check` too. */
  requireReady(check: () => boolean): void;
}

/** Starts unhealthy and unready. Registers `thanos_status` and `thanos_build_info`. */
export function createComponentStatus(component: string, metrics: Metrics): ComponentStatus {
  let healthy = false;
  let ready = false;
  let check = (): boolean => true;
  const isReady = () => ready && check();
  metrics.observe(
    "thanos_status",
    "Represents status (0 indicates failure, 1 success) of the component.",
    () => [
      { value: Number(healthy), labels: { component, check: "healthy" } },
      { value: Number(isReady()), labels: { component, check: "ready" } },
    ],
  );
  const { version, revision, branch, goVersion } = buildInfo();
  metrics.observe("thanos_build_info", "A metric with a constant 1 value labeled by what was built.", () => [
    { value: 1, labels: { version, revision, branch, goversion: goVersion } },
  ]);
  return {
    isHealthy: () => healthy,
    isReady,
    setHealthy: (value) => {
      healthy = value;
    },
    setReady: (value) => {
      ready = value;
    },
    requireReady: (required) => {
      check = required;
    },
  };
}
