import type { Labels } from "../../model/labels.ts";

/** What was learnt of one Prometheus last. */
export interface PrometheusFacts {
  /** External labels that its series are answered with. */
  readonly externalLabels: Labels;
  /** External labels of Prometheus's own, which remote read puts into series. */
  readonly ownLabels: Labels;
  /** Time of the oldest sample to answer with, Unix milliseconds; −Infinity for no limit. */
  readonly minMs: number;
  /** Whether label names and values may be asked with matchers. */
  readonly takesLabelMatchers: boolean;
}
