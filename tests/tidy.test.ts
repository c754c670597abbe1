import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

/** What HOUSE promises, checked by text: each rule lists the places that break it. */
const tidy = suite("tidy");
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const layers: Readonly<Record<string, number>> = {
  "main.ts": 1,
  commands: 2,
  http: 3,
  rpc: 3,
  ui: 3,
  promql: 4,
  federation: 5,
  access: 6,
  clients: 7,
  discovery: 7,
  store: 8,
  wire: 9,
  config: 10,
  model: 11,
  telemetry: 12,
  runtime: 13,
  lib: 14,
};

interface Source {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** Without comments and without what stands in quotes. */
  readonly code: string;
  readonly imports: readonly string[];
}

const sources = filesUnder("src")
  .filter((path) => path.endsWith(".ts") && !path.startsWith("src/wire/gen/"))
  .map(readSource);
const tests = filesUnder("tests")
  .filter((path) => path.endsWith(".ts") && path !== "tests/tidy.test.ts")
  .map(readSource);

tidy("a folder imports itself and lower layers only", () => {
  const broken = sources.flatMap((source) =>
    localImports(source)
      .map((target) => folderOf(target))
      .filter((to) => to !== source.folder && layerOf(to) <= layerOf(source.folder))
      .map((to) => `${source.path} → ${to}`),
  );
  assert.equal(broken, []);
});

tidy("no file imports itself by a detour", () => {
  const graph = new Map(sources.map((source) => [source.path, localImports(source)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
    if (trail.includes(path) || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  assert.equal(cycles, []);
});

tidy("no source file is longer than 400 lines", () => {
  const long = sources.map((source) => `${source.path} ${source.text.split("\n").length - 1}`);
  assert.equal(
    long.filter((line) => Number(line.split(" ")[1]) > 400),
    [],
  );
});

tidy("only runtime/ touches the machine", () => {
  const machine =
    /\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bprocess\.|\bDeno\.|\bset(Timeout|Interval|Immediate)\(|\bMath\.random\b|\bcrypto\.|\bBuffer\./;
  const outside = sources.filter((source) => source.folder !== "runtime" && source.folder !== "ui");
  assert.equal(
    outside.filter((source) => source.imports.some((name) => name.startsWith("node:"))).map(pathOf),
    [],
  );
  assert.equal(linesWith(outside, machine), []);
});

tidy("promql/ and federation/ do no I/O", () => {
  const pure = sources.filter((source) => ["promql", "federation"].includes(source.folder));
  const broken = pure.flatMap((source) =>
    localImports(source).filter(
      (target) => target.startsWith("src/runtime/") && target !== "src/runtime/clock.ts",
    ),
  );
  assert.equal(broken, []);
});

tidy("generated types and bigint stay in wire/, clients/ and rpc/", () => {
  const outside = sources.filter((source) => !["wire", "clients", "rpc"].includes(source.folder));
  assert.equal(
    outside.filter((source) => source.imports.some((name) => name.includes("wire/gen/"))).map(pathOf),
    [],
  );
  assert.equal(linesWith(outside, /\bbigint\b|BigInt64|BigUint64/), []);
});

tidy("statuses stay at the edges", () => {
  const http = /\bstatus\w*\)?\s*(===|!==|[:=<>]=?|\()\s*[1-5]\d\d\b/i;
  const grpc = /\bCode\.[A-Z]|\bgrpcStatus|\bConnectError\b/;
  const inner = sources.filter((source) => !["http", "rpc", "wire", "clients"].includes(source.folder));
  assert.equal(linesWith(inner, http), []);
  const grpcHomes = /^src\/(rpc|wire|clients\/thanos)\//;
  assert.equal(
    linesWith(
      sources.filter((source) => !grpcHomes.test(source.path)),
      grpc,
    ),
    [],
  );
});

tidy("only store/best-effort.ts turns a store's error into a warning", () => {
  const broken = sources.filter(
    (source) =>
      /^src\/(store|federation|clients)\//.test(source.path) &&
      source.path !== "src/store/best-effort.ts" &&
      /catch \(\w+\) \{[^}]*\bctx\.warn\(/.test(source.code),
  );
  assert.equal(broken.map(pathOf), []);
});

tidy("no any, no suite that is not run, no test that runs alone", () => {
  assert.equal(linesWith([...sources, ...tests], /(:|<|\bas|\|) any\b|<any>|\bany\[\]/), []);
  const files = tests.filter((source) => source.path.endsWith(".test.ts"));
  const count = (source: Source, pattern: RegExp) => (source.code.match(pattern) ?? []).length;
  const unrun = files.filter(
    (source) =>
      count(source, /\bsuite(<[^(]*>)?\(/g) === 0 ||
      count(source, /\bsuite(<[^(]*>)?\(/g) > count(source, /\.run\(\)/g),
  );
  assert.equal(unrun.map(pathOf), []);
  assert.equal(linesWith(files, /\.only\(/), []);
});

tidy("paths that the documents name exist", () => {
  const broken = [
    "README.md",
    "ARCHITECTURE.md",
    ...filesUnder("docs").filter((path) => path.endsWith(".md")),
  ]
    .filter((path) => existsSync(join(root, path)))
    .flatMap((path) =>
      [...readFileSync(join(root, path), "utf8").matchAll(/`((?:src|tests|proto|docs|deploy)\/[\w./-]+)`/g)]
        .map((match) => match[1] ?? "")
        .filter((named) => !existsSync(join(root, named)))
        .map((named) => `${path}: ${named}`),
    );
  assert.equal(broken, []);
  assert.ok(readFileSync(join(root, "ARCHITECTURE.md"), "utf8").split("\n").length <= 301);
});

tidy("every dependency is pinned, explained and in both lock files", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const wanted = { ...manifest.dependencies, ...manifest.devDependencies };
  const reasons = readFileSync(join(root, "docs/decisions/dependencies.md"), "utf8");
  const names = Object.keys(wanted);
  assert.equal(
    names.filter((name) => !/^\d/.test(wanted[name] ?? "")),
    [],
  );
  assert.equal(
    names.filter((name) => !reasons.includes(`| \`${name}\``)),
    [],
  );
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
  assert.equal(
    names.filter((name) => lock.packages[`node_modules/${name}`]?.version !== wanted[name]),
    [],
  );
  const absent = Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`],
    ),
  );
  assert.equal(absent, [], "npm ci refuses a lock that lacks them");
  const deno = readFileSync(join(root, "deno.lock"), "utf8");
  assert.equal(
    names.filter((name) => !deno.includes(`"npm:${name}@${wanted[name]}"`)),
    [],
  );
});

tidy.run();

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      { readonly version?: string; readonly optionalDependencies?: Readonly<Record<string, string>> }
    >
  >;
}

function filesUnder(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

function readSource(path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  const imports = [...text.matchAll(/(?:\bfrom|\bimport\(?)\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
  return { path, folder: folderOf(path), text, code: stripText(text), imports };
}

/** Blanks comments, strings, templates and regular expressions' classes well enough for word searches; keeps lines. */
function stripText(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g,
    (part) => part.replace(/[^\n]/g, " "),
  );
}

function linesWith(from: readonly Source[], pattern: RegExp): string[] {
  return from.flatMap((source) =>
    source.code
      .split("\n")
      .flatMap((line, i) => (pattern.test(line) ? [`${source.path}:${i + 1}: ${line.trim()}`] : [])),
  );
}

function localImports(source: Source): string[] {
  return source.imports
    .filter((name) => name.startsWith("."))
    .map((name) => normalize(join(dirname(source.path), name)))
    .filter((path) => !path.startsWith("src/wire/gen/"));
}

function folderOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function layerOf(folder: string): number {
  const layer = layers[folder];
  if (layer === undefined) throw new Error(`Cannot place src/${folder}: HOUSE §1 names no such folder`);
  return layer;
}

function pathOf(source: Source): string {
  return source.path;
}
