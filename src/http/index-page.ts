/** The page at the root: what this is, and where its answers are. `prefix` goes before every link. */
export function indexPage(prefix: string, version: string): string {
  const link = (path: string, text: string) => `<li><a href="${escapeHtml(prefix + path)}">${text}</a></li>`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Sluice</title></head>
<body>
<h1>Sluice ${escapeHtml(version)}</h1>
<p>A query gateway over many Prometheus servers. It speaks Prometheus's HTTP API; point Grafana at this address.</p>
<ul>
${link("/api/v1/query?query=up", "A query: <code>up</code>")}
${link("/api/v1/stores", "Endpoints and their state")}
${link("/api/v1/labels", "Label names")}
${link("/api/v1/status/buildinfo", "Build")}
${link("/api/v1/status/flags", "Flags")}
${link("/metrics", "Metrics")}
${link("/-/ready", "Ready?")}
</ul>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
