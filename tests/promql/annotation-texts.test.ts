import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as texts from "../../src/promql/annotation-texts.ts";
import type { Annotation } from "../../src/promql/annotations.ts";

const test = suite("texts of annotations");

const span = { start: 2, end: 4 };

function check(annotation: Annotation, expected: string): void {
  assert.is(`${annotation.level}: ${annotation.text}`, expected);
  assert.is(annotation.span, span);
}

test("warnings say what upstream says", () => {
  check(
    texts.invalidRatio(1.5, 1, { span, saidBy: span }),
    "warning: ratio value should be between -1 and 1, got 1.5, capping to 1",
  );
  check(
    texts.invalidRatio(-2e7, -1, { span, saidBy: span }),
    "warning: ratio value should be between -1 and 1, got -2e+07, capping to -1",
  );
  check(
    texts.invalidQuantile(Number.NaN, { span, saidBy: span }),
    "warning: quantile value should be between 0 and 1, got NaN",
  );
  check(
    texts.badBucketLabel("", "x", span),
    'warning: bucket label "le" is missing or has a malformed value of "x"',
  );
  check(
    texts.badBucketLabel("m", "", span),
    'warning: bucket label "le" is missing or has a malformed value of "" for metric name "m"',
  );
  check(
    texts.mixedFloatsHistograms("m", span),
    'warning: encountered a mix of histograms and floats for metric name "m"',
  );
  check(
    texts.mixedInAggregation(span),
    "warning: encountered a mix of histograms and floats for aggregation",
  );
  check(
    texts.mixedClassicNative("", span),
    "warning: vector contains a mix of classic and native histograms",
  );
  check(
    texts.mixedClassicNative('a"b', span),
    'warning: vector contains a mix of classic and native histograms for metric name "a\\"b"',
  );
  check(texts.histogramNotCounter("m", span), 'warning: this native histogram metric is not a counter: "m"');
  check(texts.histogramNotGauge("m", span), 'warning: this native histogram metric is not a gauge: "m"');
  check(
    texts.mixedExponentialCustom("m", span),
    'warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "m"',
  );
  check(
    texts.incompatibleBuckets("+", span),
    "warning: incompatible bucket layout encountered for binary operator +",
  );
  check(
    texts.sortInRangeQuery(span),
    "warning: sort is ineffective for range queries since results are always ordered by labels",
  );
  check(
    texts.counterResetCollision("subtraction", span),
    "warning: conflicting counter resets during histogram subtraction",
  );
});

test("infos say what upstream says", () => {
  check(
    texts.possibleNonCounter("m", span),
    'info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "m"',
  );
  check(
    texts.possibleNonCounterType("m", "gauge", span),
    'info: metric might not be a counter, __type__ label is not set to "counter" or "histogram", got "gauge": "m"',
  );
  check(
    texts.incompatibleTypes("*", { lhs: "float", rhs: "histogram" }, span),
    'info: incompatible sample types encountered for binary operator "*": float * histogram',
  );
  check(texts.ignoredInAggregation("max", span), "info: ignored histogram in max aggregation");
  check(
    texts.ignoredInMixedRange("m", span),
    'info: ignored histograms in a range containing both floats and histograms for metric name "m"',
  );
  check(
    texts.quantileIsNaN("", span),
    "info: input to histogram_quantile has NaN observations, result is NaN",
  );
  check(
    texts.quantileIsSkewed("m", span),
    'info: input to histogram_quantile has NaN observations, result is skewed higher for metric name "m"',
  );
  check(
    texts.fractionExcludesNaN("", span),
    "info: input to histogram_fraction has NaN observations, which are excluded from all fractions",
  );
  check(
    texts.mismatchedCustomBuckets("aggregation", span),
    "info: mismatched custom buckets were reconciled during aggregation",
  );
});

test("the largest difference has two digits, the bounds all they need", () => {
  const detailOf = (maxDiff: number, bound = 1) =>
    texts
      .forcedMonotonicity(
        "",
        {
          minTimeMs: -1,
          maxTimeMs: 253402300799000,
          minBucket: bound,
          maxBucket: bound,
          maxDiff,
          samples: 1,
        },
        span,
      )
      .detail?.text()
      .replace(/.*max diff of (.*), over.*/, "$1");
  const known: [number, string][] = [
    [1, "1"],
    [12, "12"],
    [0.125, "0.12"],
    [0.375, "0.38"],
    [12.5, "12"],
    [1250, "1.2e+03"],
    [1350, "1.4e+03"],
    [99.9, "1e+02"],
    [123, "1.2e+02"],
    [1e6, "1e+06"],
    [0.000123, "0.00012"],
    [0.0000126, "1.3e-05"],
    [5.55e-7, "5.5e-07"],
    [Number.POSITIVE_INFINITY, "+Inf"],
  ];
  for (const [value, text] of known) assert.is(detailOf(value), text);
});

test("times are seconds of UTC, towards zero", () => {
  const mended = { minBucket: 1e7, maxBucket: Number.POSITIVE_INFINITY, maxDiff: 1, samples: 1 };
  const annotation = texts.forcedMonotonicity(
    "",
    { ...mended, minTimeMs: -1, maxTimeMs: 253402300799999 },
    span,
  );
  assert.is(
    annotation.detail?.text(),
    ", from buckets 1e+07 to +Inf, with a max diff of 1, over 1 samples from 1970-01-01T00:00:00Z to 9999-12-31T23:59:59Z",
  );
});

test.run();
