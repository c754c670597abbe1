import { suite } from "uvu";
import * as assert from "uvu/assert";
import { labelsOf } from "../../../src/model/labels.ts";
import type { Matcher } from "../../../src/model/matcher.ts";
import { allMatch, createMatcher } from "../../../src/model/matches.ts";
import { createInfo } from "../../../src/promql/exec/info.ts";
import { columnOf, entriesOf, operatorOf, pullAll } from "../../support/columns.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";
import { createTestRun } from "../../support/test-run.ts";

const test = suite("info");

type Row = readonly (number | undefined)[];
interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly row: Row;
}

const isInfo: Matcher = { name: "__name__", type: "=~", value: ".+_info" };

function askInfo(
  data: { readonly bases: readonly Series[]; readonly infos: readonly Series[] },
  more: readonly Matcher[],
) {
  const asked: (readonly Matcher[])[] = [];
  const steps = data.bases[0]?.row.length ?? 1;
  const columns = (all: readonly Series[]) =>
    all.map(({ labels, row }) => columnOf(row, labels)).filter(({ count }) => count > 0);
  const operator = createInfo(createTestRun(), {
    input: operatorOf(columns(data.bases)),
    names: [isInfo],
    data: more,
    steps,
    select(matchers) {
      asked.push(matchers);
      const compiled = matchers.map(createMatcher);
      return operatorOf(
        columns(data.infos.filter(({ labels }) => allMatch(compiled, (name) => labels[name] ?? ""))),
      );
    },
  });
  return { operator, asked };
}

/** What a base series is given at one step; undefined where it goes, a text where the query fails. */
function naiveStep(
  base: Series["labels"],
  infos: readonly Series[],
  step: number,
  more: readonly Matcher[],
): Readonly<Record<string, string>> | undefined | string {
  const compiled = more.map(createMatcher);
  const mine = infos.filter(
    ({ labels, row }) =>
      row[step] !== undefined &&
      labels.instance === base.instance &&
      labels.job === base.job &&
      allMatch(compiled, (name) => labels[name] ?? ""),
  );
  if (mine.length === 0 || (base.instance === undefined && base.job === undefined)) {
    return compiled.every((matcher) => matcher.matches("")) ? base : undefined;
  }
  const newest = new Map<string, Series>();
  for (const one of mine) {
    const name = one.labels.__name__ ?? "";
    const known = newest.get(name);
    if (known === undefined || (known.row[step] as number) < (one.row[step] as number)) newest.set(name, one);
  }
  const added: Record<string, string> = {};
  for (const { labels } of newest.values()) {
    for (const [name, value] of Object.entries(labels)) {
      if (name === "__name__" || (more.length > 0 && !more.some((matcher) => matcher.name === name)))
        continue;
      if (added[name] !== undefined && added[name] !== value) return `conflicting label: ${name}`;
      if (base[name] === undefined) added[name] = value;
    }
  }
  return { ...added, ...base };
}

const keyOf = (labels: Series["labels"]) => JSON.stringify(labelsOf(labels));

function randomData(
  random: SeededRandom,
  steps: number,
): { readonly bases: readonly Series[]; readonly infos: readonly Series[] } {
  const row = (value: () => number): Row =>
    Array.from({ length: steps }, () => (random.chance(0.3) ? undefined : value()));
  const target = (): Record<string, string> => ({
    ...(random.chance(0.9) ? { job: random.oneOf(["a", "b"]) } : {}),
    ...(random.chance(0.8) ? { instance: random.oneOf(["x", "y.z"]) } : {}),
  });
  let number = 0;
  const bases = Array.from({ length: 1 + random.below(4) }, () => ({
    labels: {
      __name__: "up",
      n: `${number++}`,
      ...target(),
      ...(random.chance(0.2) ? { version: "own" } : {}),
    },
    row: row(() => random.below(100)),
  }));
  // Times that are all different: what is equally new has tests of its own.
  const infos = Array.from({ length: random.below(6) }, () => ({
    labels: {
      __name__: random.oneOf(["a_info", "b_info"]),
      id: `${number++}`,
      ...target(),
      version: random.oneOf(["1", "2"]),
    },
    row: row(() => number++ + random.below(5) * 1000),
  })).map(({ labels: { id, ...labels }, ...rest }) => ({ labels, ...rest }));
  return {
    bases,
    infos: infos.filter(
      (one, i) => infos.findIndex(({ labels }) => keyOf(labels) === keyOf(one.labels)) === i,
    ),
  };
}

test("random series get what the newest info series of their targets say, step by step", async () => {
  await everySeed(400, async (random) => {
    const steps = 1 + random.below(5);
    const data = randomData(random, steps);
    const more = random.oneOf<readonly Matcher[]>([
      [],
      [],
      [{ name: "version", type: "=", value: "1" }],
      [{ name: "version", type: "=~", value: ".*" }],
      [{ name: "other", type: "=~", value: ".*" }],
    ]);
    // A label that any base series has must be one of theirs: an info series without it is not asked for.
    const infos = data.infos.filter(({ labels }) =>
      ["job", "instance"].every((name) => {
        const values = data.bases.flatMap((base) =>
          base.row.some((v) => v !== undefined) ? (base.labels[name] ?? []) : [],
        );
        return values.length === 0 || values.includes(labels[name] ?? "");
      }),
    );
    const want = new Map<string, (number | undefined)[]>();
    let failure: string | undefined;
    for (const { labels, row } of data.bases) {
      for (let k = 0; k < steps; k++) {
        if (row[k] === undefined) continue;
        const given = naiveStep(labels, infos, k, more);
        if (typeof given === "string") failure = given;
        if (typeof given !== "object") continue;
        const found = want.get(keyOf(given)) ?? new Array<number | undefined>(steps).fill(undefined);
        found[k] = row[k];
        want.set(keyOf(given), found);
      }
    }
    const { operator } = askInfo(data, more);
    const got = new Map<string, (number | undefined)[]>();
    try {
      // One label set may come in pieces.
      await pullAll(operator, (column) => {
        const key = JSON.stringify(column.labels.all());
        const row = got.get(key) ?? new Array<number | undefined>(steps).fill(undefined);
        entriesOf(column).forEach((entry, k) => {
          if (entry === undefined) return;
          assert.is(row[k], undefined);
          row[k] = entry as number;
        });
        got.set(key, row);
      });
    } catch (error) {
      assert.is(failure, (error as Error).message);
      return;
    }
    assert.is(failure, undefined);
    assert.equal([...got].sort(), [...want].sort());
  });
});

test("only info series of targets that were seen are asked for", async () => {
  const bases = [
    { labels: { __name__: "up", job: "a", instance: "x.y" }, row: [1] },
    { labels: { __name__: "up", job: "b" }, row: [1] },
    { labels: { __name__: "my_info", job: "c" }, row: [1] },
    { labels: { __name__: "up", zone: "z" }, row: [1] },
  ];
  const { operator, asked } = askInfo({ bases, infos: [] }, []);
  assert.is((await pullAll(operator, entriesOf)).length, 4);
  assert.equal(asked, [
    [{ name: "instance", type: "=~", value: "x\\.y" }, { name: "job", type: "=~", value: "a|b" }, isInfo],
  ]);
});

test("where no series has a target nothing is asked for", async () => {
  const bases = [{ labels: { __name__: "up", zone: "z" }, row: [1] }];
  const { operator, asked } = askInfo({ bases, infos: [] }, []);
  assert.equal(await pullAll(operator, entriesOf), [[1]]);
  assert.equal(asked, []);
});

test("info series that are equally new are an error where there is a base series", async () => {
  const twice = (row: Row) => [
    { labels: { __name__: "a_info", job: "a", v: "1" }, row },
    { labels: { __name__: "a_info", job: "a", v: "2" }, row },
  ];
  const bases = [{ labels: { __name__: "up", job: "a" }, row: [1, undefined] }];
  const apart = askInfo({ bases, infos: twice([undefined, 60]) }, []);
  assert.equal(await pullAll(apart.operator, entriesOf), [[1, undefined]]);
  try {
    await pullAll(askInfo({ bases, infos: twice([60.5, 61]) }, []).operator, entriesOf);
    assert.unreachable("has to fail");
  } catch (error) {
    assert.is(
      (error as Error).message,
      'found duplicate series for info metric: existing {__name__="a_info", job="a", v="1"} @ 60500, new {__name__="a_info", job="a", v="2"} @ 60500',
    );
  }
});

test.run();
