import { suite } from "uvu";
import { createPrometheusApi } from "../../../src/clients/prometheus/prometheus-api.ts";
import { createPrometheusStore } from "../../../src/clients/prometheus/prometheus-store.ts";
import { type Labels, labelsOf } from "../../../src/model/labels.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { createHttpClient } from "../../../src/runtime/http-client.ts";
import { type FakePrometheusOptions, startFakePrometheus } from "../../support/fake-prometheus.ts";
import { addStoreContract, contractExternalLabels } from "../../support/store-contract.ts";

interface Variant extends Partial<FakePrometheusOptions> {
  readonly title: string;
  readonly ownLabels: Labels;
  readonly takesLabelMatchers?: boolean;
}

const variants: readonly Variant[] = [
  { title: "a Prometheus", ownLabels: contractExternalLabels },
  {
    title: "a Prometheus whose frames come in small pieces",
    ownLabels: contractExternalLabels,
    pieceBytes: 4099,
  },
  { title: "a Prometheus that knows samples only", ownLabels: contractExternalLabels, streamed: false },
  { title: "a Prometheus without external labels", ownLabels: [] },
  {
    title: "a Prometheus with other external labels",
    ownLabels: labelsOf({ region: "other", zone: "b", __prometheus: "x" }),
    takesLabelMatchers: false,
  },
];

for (const { title, ownLabels, takesLabelMatchers = true, ...fake } of variants) {
  const contract = suite(`${title} keeps the contract of a store`);
  addStoreContract(contract, async (series) => {
    const prometheus = await startFakePrometheus({ ...fake, series, externalLabels: ownLabels });
    const http = createHttpClient({ tls: undefined, maxConnections: 8, silenceTimeoutMs: 5000 });
    const api = createPrometheusApi({ http, baseUrl: prometheus.url, credentials: async () => ({}) });
    const facts = {
      externalLabels: contractExternalLabels,
      ownLabels,
      minMs: Number.NEGATIVE_INFINITY,
      takesLabelMatchers,
    };
    const store = createPrometheusStore({
      name: "prometheus",
      api,
      facts: () => facts,
      clock: systemClock,
      maxAnswerBytes: 64 << 20,
    });
    return {
      store,
      async close() {
        http.close();
        await prometheus.close();
      },
    };
  });
  contract.run();
}
