import { createSeriesMaker, type SeriesMaker, type SyntheticSeries } from "./series.ts";
import { dailySignal, fraction, seedOf } from "./signal.ts";
import { createTarget, type TargetOptions } from "./target.ts";

const hourMs = 3600_000;
const nodes = ["node-1", "node-2", "node-3", "node-4"] as const;
const handlers = ["/", "/api/orders", "/api/search"] as const;

/** Series of a small Kubernetes cluster: four nodes, six pods of two deployments, the exporters that watch them. */
export function demoClusterSeries(cluster: string): SyntheticSeries[] {
  const series: SyntheticSeries[] = [];
  const target = (options: Omit<TargetOptions, "cluster">, fill: (maker: SeriesMaker) => void) => {
    const made = createTarget({ cluster, ...options });
    const before = series.length;
    const maker = createSeriesMaker(made, series);
    fill(maker);
    const scraped = series.length - before;
    maker.value("up", (timeMs) => (made.isDown(timeMs) ? 0 : 1), {}, true);
    maker.value("scrape_samples_scraped", (timeMs) => (made.isDown(timeMs) ? 0 : scraped), {}, true);
    const duration = { middle: 0.02, swing: 0.008, unit: 0.0001 };
    maker.gauge("scrape_duration_seconds", duration);
  };
  for (const node of nodes) {
    const instance = `${node}:9100`;
    const flaky = node === "node-3";
    target({ job: "node", instance, lifeMs: 90 * hourMs, flaky }, (maker) => addNode(maker, cluster + node));
  }
  const pods = podsOf(cluster);
  for (const { pod, app } of pods) {
    if (app !== "shop") continue;
    target({ job: "shop", instance: `${pod}:8080`, lifeMs: 9 * hourMs }, addShop);
  }
  target({ job: "kube-state-metrics", instance: "kube-state-metrics:8080", lifeMs: 200 * hourMs }, (maker) =>
    addKubeState(maker, pods),
  );
  target({ job: "kubelet", instance: "kubelet:10250", lifeMs: 70 * hourMs }, (maker) => {
    for (const { pod } of pods) addContainer(maker, { namespace: "shop", pod, container: "main" });
  });
  return series;
}

interface Pod {
  readonly pod: string;
  readonly app: string;
  readonly node: string;
}

function podsOf(cluster: string): Pod[] {
  return ["shop", "shop", "shop", "shop", "cart", "cart"].map((app, i) => {
    const mark = Math.floor(fraction(seedOf(cluster + app), i) * 36 ** 5).toString(36);
    return { app, pod: `${app}-${mark.padStart(5, "0")}`, node: nodes[i % nodes.length] ?? "node-1" };
  });
}

function addNode(maker: SeriesMaker, name: string): void {
  const busy = { user: 0.25, system: 0.08, iowait: 0.03 };
  for (const cpu of ["0", "1", "2", "3"]) maker.cpu("node_cpu_seconds_total", busy, { cpu });
  const gib = 1024 ** 3;
  maker.value("node_memory_MemTotal_bytes", () => 16 * gib);
  maker.gauge("node_memory_MemAvailable_bytes", { middle: 7 * gib, swing: 3 * gib, unit: 4096 });
  for (const [load, swing] of [
    ["node_load1", 1.4],
    ["node_load5", 1.1],
    ["node_load15", 0.9],
  ] as const)
    maker.gauge(load, { middle: 1.6, swing, unit: 0.01 });
  for (const [device, size] of [
    ["/dev/sda1", 40 * gib],
    ["/dev/sdb1", 200 * gib],
  ] as const) {
    const labels = { device, fstype: "ext4", mountpoint: device === "/dev/sda1" ? "/" : "/var/lib" };
    maker.value("node_filesystem_size_bytes", () => size, labels);
    maker.gauge("node_filesystem_avail_bytes", { middle: size / 2, swing: size / 9, unit: 4096 }, labels);
  }
  maker.counter("node_network_receive_bytes_total", 2.4e6, 1, { device: "eth0" });
  maker.counter("node_network_transmit_bytes_total", 1.7e6, 1, { device: "eth0" });
  const seed = seedOf(name);
  maker.value("node_hwmon_temp_celsius", (timeMs) => Math.round(45 + 9 * dailySignal(seed, timeMs)), {
    chip: "coretemp",
    sensor: "temp1",
  });
}

function addShop(maker: SeriesMaker): void {
  handlers.forEach((handler, i) => {
    const perSecond = [12, 4, 7][i] ?? 1;
    for (const [code, share] of [
      ["200", 0.97],
      ["404", 0.02],
      ["500", 0.01],
    ] as const)
      maker.counter("http_requests_total", perSecond * share, 1, { handler, code, method: "GET" });
    const shape = { perSecond, median: [0.02, 0.12, 0.06][i] ?? 0.1 };
    maker.histogram("http_request_duration_seconds", shape, { handler });
  });
  maker.counter("process_cpu_seconds_total", 0.3, 0.01);
  maker.gauge("process_resident_memory_bytes", { middle: 2.1e8, swing: 6e7, unit: 4096 });
  maker.gauge("process_open_fds", { middle: 60, swing: 35, unit: 1 });
}

function addKubeState(maker: SeriesMaker, pods: readonly Pod[]): void {
  for (const { pod, app, node } of pods) {
    const labels = { namespace: "shop", pod };
    maker.value("kube_pod_info", () => 1, {
      ...labels,
      node,
      created_by_kind: "ReplicaSet",
      created_by_name: app,
    });
    for (const phase of ["Pending", "Running", "Succeeded", "Failed", "Unknown"])
      maker.value("kube_pod_status_phase", () => (phase === "Running" ? 1 : 0), { ...labels, phase });
    maker.counter("kube_pod_container_status_restarts_total", 1 / 40_000, 1, {
      ...labels,
      container: "main",
    });
  }
  for (const [deployment, replicas] of [
    ["shop", 4],
    ["cart", 2],
  ] as const) {
    const labels = { namespace: "shop", deployment };
    maker.value("kube_deployment_spec_replicas", () => replicas, labels);
    maker.value("kube_deployment_status_replicas_available", () => replicas, labels);
  }
  for (const node of nodes) {
    maker.value("kube_node_info", () => 1, {
      node,
      kubelet_version: "v1.31.2",
      os_image: "Debian GNU/Linux 12",
    });
    for (const status of ["true", "false", "unknown"])
      maker.value("kube_node_status_condition", () => (status === "true" ? 1 : 0), {
        node,
        condition: "Ready",
        status,
      });
  }
}

function addContainer(maker: SeriesMaker, labels: Readonly<Record<string, string>>): void {
  maker.counter("container_cpu_usage_seconds_total", 0.25, 0.001, labels);
  maker.gauge("container_memory_working_set_bytes", { middle: 3e8, swing: 1.1e8, unit: 4096 }, labels);
  maker.counter("container_network_receive_bytes_total", 3e5, 1, labels);
}
