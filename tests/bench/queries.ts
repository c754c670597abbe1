/** The twelve queries of the baseline, by number from 1, and three of larger plans and native histograms after them. */
export const benchQueries: readonly string[] = [
  "sum by (cluster) (rate(http_requests_total[5m]))",
  "rate(http_requests_total[5m])",
  "histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket[5m])))",
  "max_over_time(node_memory_bytes[1h])",
  "sum by (cluster) (max_over_time(node_memory_bytes[1h]))",
  "topk(10, sum by (instance) (rate(http_requests_total[5m])))",
  "node_memory_bytes",
  "sum(node_memory_bytes)",
  "sum by (cluster) (http_requests_total / on (cluster, instance) group_left node_load1)",
  "sum by (cluster) (avg_over_time(rate(http_requests_total[5m])[30m:1m]))",
  "avg by (cluster) (quantile_over_time(0.9, node_memory_bytes[1h]))",
  'sum by (h) (label_replace(node_memory_bytes, "h", "$1", "instance", "(.*):.*"))',
  "sum by (handler) (rate(http_request_duration_seconds_sum[5m])) / sum by (handler) (rate(http_request_duration_seconds_count[5m]))",
  "histogram_quantile(0.99, sum by (handler) (rate(http_request_duration_seconds_native[5m])))",
  "sum by (cluster) (max_over_time(avg_over_time(node_load1[10m:2m])[1h:10m]))",
];
