import { goMax, goMin } from "../functions/go-math.ts";
import {
  type AggregateNode,
  type BinaryNode,
  type CallNode,
  type PlanNode,
  type SubqueryNode,
  valueTypeOf,
} from "../plan/node.ts";
import type { SetOp } from "../syntax/ast.ts";
import { compileAggregate } from "./compile-aggregate.ts";
import { compileInstantCall } from "./compile-call.ts";
import { compileRangeCall, compileSmoothedSelector, mayKeepEmptyBuckets } from "./compile-range-call.ts";
import { type Compiler, notSupported } from "./compiler.ts";
import { repeatSteps } from "./invariant.ts";
import { createNegation } from "./negation.ts";
import type { Operator, SamplesOperator, ScalarOperator } from "./operator.ts";
import { mergeRepeats } from "./repeats.ts";
import type { OperatorRecord, Run } from "./run.ts";
import {
  combineScalars,
  combineScalarsWith,
  constantScalar,
  mapScalar,
  repeatScalar,
  scalarOfVector,
  timeScalar,
  vectorOfScalar,
} from "./scalar.ts";
import { createMatrixSelector, createSelector } from "./selector.ts";
import { createSetOperation } from "./set-operation.ts";
import { createEmptyVector, createSharedVector } from "./shared.ts";
import { firstStepOf, type Span, subquerySpan } from "./span.ts";
import { createSubquery } from "./subquery.ts";
import { createVectorMatch } from "./vector-match.ts";
import { createVectorScalar } from "./vector-scalar.ts";

/** Throws GatewayError `execution` for what is not supported yet. */
export function createCompiler(run: Run, shared: Compiler["shared"] = new Map()): Compiler {
  /** Compiles a node; where the query is analyzed, under a record of its own. */
  const enter = <T>(node: PlanNode, compile: (inside: Compiler, record?: OperatorRecord) => T): T => {
    const record = run.record?.child(node);
    return record === undefined
      ? compile(compiler)
      : compile(createCompiler(record.observe(run), shared), record);
  };
  const compiler: Compiler = {
    run,
    shared,
    vector: (node, span, sorted) =>
      enter(node, (inside, record) => {
        const operator = compileVector(inside, node, span, sorted);
        return record === undefined ? operator : { ...operator, next: record.timed(operator.next) };
      }),
    scalar: (node, span) =>
      enter(node, (inside, record) => {
        const { read } = compileScalar(inside, node, span);
        return { read: record?.timed(read) ?? read };
      }),
    matrix: (node, span) =>
      enter(node, (inside, record) => {
        const operator = compileMatrix(inside, node, span);
        return record === undefined ? operator : { ...operator, next: record.timed(operator.next) };
      }),
  };
  return compiler;
}

function compileVector(compiler: Compiler, node: PlanNode, span: Span, sorted: boolean): Operator {
  const { run } = compiler;
  const steps = span.grid.count;
  if (steps === 0) return createEmptyVector(); // Not what is the same at every step, either.
  switch (node.kind) {
    case "selector":
      return node.extension === "smoothed"
        ? compileSmoothedSelector(compiler, node, span)
        : createSelector(run, node, span, "values");
    case "invariant":
      return repeatSteps(run, compiler.vector(node.expr, firstStepOf(span), sorted), steps);
    case "aggregate":
      return compileAggregate(compiler, summing(node), span, sorted);
    case "binary":
      return compileBinary(compiler, node, span);
    case "negate":
      return createNegation(run, compiler.vector(node.expr, span, sorted));
    case "call":
      return compileCall(compiler, node, span, sorted);
    case "shared":
      return compileShared(compiler, node, span);
    case "empty":
      return createEmptyVector();
    default:
      throw new Error(`assertion failed: ${node.kind} is no instant vector`);
  }
}

function summing(node: AggregateNode): AggregateNode {
  if (node.op !== "sum" && node.op !== "avg") return node;
  const expr = mayKeepEmptyBuckets(node.expr);
  return expr === node.expr ? node : { ...node, expr };
}

function compileShared(compiler: Compiler, node: PlanNode & { kind: "shared" }, span: Span): Operator {
  const { startMs, stepMs, count } = span.grid;
  const key = `${startMs} ${stepMs} ${count} ${node.key}`;
  let shared = compiler.shared.get(key);
  if (shared === undefined) {
    shared = createSharedVector(compiler.run, compiler.vector(node.expr, span, true));
    compiler.shared.set(key, shared);
  }
  return shared.read();
}

function compileBinary(compiler: Compiler, node: BinaryNode, span: Span): Operator {
  const { run } = compiler;
  const { op, bool, lhs, rhs, matching } = node;
  const steps = span.grid.count;
  const swapped = valueTypeOf(lhs) === "scalar";
  if (swapped || valueTypeOf(rhs) === "scalar") {
    return createVectorScalar(run, {
      op,
      bool,
      vector: compiler.vector(swapped ? rhs : lhs, span, false),
      scalar: compiler.scalar(swapped ? lhs : rhs, span),
      swapped,
      steps,
      span: node.span,
    });
  }
  if (matching === undefined) throw new Error("assertion failed: vectors without matching");
  const left = compiler.vector(lhs, span, false);
  const right = compiler.vector(rhs, span, false);
  return isSetOp(op)
    ? createSetOperation(run, { op, lhs: left, rhs: right, matching })
    : createVectorMatch(run, { op, bool, lhs: left, rhs: right, matching, steps, span: node.span });
}

function isSetOp(op: string): op is SetOp {
  return op === "and" || op === "or" || op === "unless";
}

function compileCall(compiler: Compiler, node: CallNode, span: Span, sorted: boolean): Operator {
  const at = node.args.findIndex((arg) => valueTypeOf(arg) === "matrix");
  return at < 0
    ? compileInstantCall(compiler, node, span, sorted)
    : compileRangeCall(compiler, node, span, at);
}

function unwrapped(node: PlanNode): PlanNode {
  return node.kind === "invariant" ? node.expr : node;
}

function compileMatrix(compiler: Compiler, wrapped: PlanNode, span: Span): SamplesOperator {
  const node = unwrapped(wrapped);
  if (node.kind === "matrix") return createMatrixSelector(compiler.run, node, span);
  if (node.kind === "subquery") return compileSubquery(compiler, node, span);
  throw new Error(`assertion failed: ${node.kind} is no range vector`);
}

function compileSubquery(compiler: Compiler, node: SubqueryNode, span: Span): SamplesOperator {
  const inner = subquerySpan(span, node, node);
  // The column of inner steps is as long as range and step say, whatever the data.
  compiler.run.hold(inner.grid.count);
  const input =
    valueTypeOf(node.expr) === "scalar"
      ? vectorOfScalar(compiler.scalar(node.expr, inner), inner.grid.count)
      : compiler.vector(node.expr, inner, false);
  const { run } = compiler;
  return createSubquery(run, input.repeats ? mergeRepeats(run, input, false) : input, inner.grid);
}

function compileScalar(compiler: Compiler, node: PlanNode, span: Span): ScalarOperator {
  const steps = span.grid.count;
  if (steps === 0) return constantScalar(0, steps);
  switch (node.kind) {
    case "number":
      return constantScalar(node.value, steps);
    case "invariant":
      return repeatScalar(compiler.scalar(node.expr, firstStepOf(span)), steps);
    case "negate":
      return mapScalar(compiler.scalar(node.expr, span), (value) => -value);
    case "binary":
      return combineScalars(node.op, compiler.scalar(node.lhs, span), compiler.scalar(node.rhs, span));
    case "call":
      return compileScalarCall(compiler, node, span);
    default:
      throw new Error(`assertion failed: ${node.kind} is no scalar`);
  }
}

function compileScalarCall(compiler: Compiler, node: CallNode, span: Span): ScalarOperator {
  const argument = (index: number): PlanNode => {
    const arg = node.args[index];
    if (arg === undefined) throw new Error(`assertion failed: ${node.func} lacks an argument`);
    return arg;
  };
  switch (node.func) {
    case "pi":
      return constantScalar(Math.PI, span.grid.count);
    case "time":
      return timeScalar(span);
    case "scalar":
      return scalarOfVector(compiler.vector(argument(0), span, false), span.grid.count);
    case "min_of":
    case "max_of":
      return combineScalarsWith(
        node.func === "min_of" ? goMin : goMax,
        compiler.scalar(argument(0), span),
        compiler.scalar(argument(1), span),
      );
    default:
      throw notSupported(`function "${node.func}"`);
  }
}
