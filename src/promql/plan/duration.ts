import { GatewayError } from "../../lib/errors.ts";
import { goMax, goMin, goMod, goPow } from "../functions/go-math.ts";
import type { DurationExpr } from "../syntax/ast.ts";

/** What `step()` and `range()` stand for in duration expressions, seconds. */
export interface DurationScope {
  readonly stepSeconds: number;
  readonly rangeSeconds: number;
}

/**
 * Milliseconds of a duration expression, cut towards zero. Throws GatewayError `execution` with the byte span where it
 * divides by zero, is not positive (unless `negative`) or does not fit.
 */
export function evaluateDuration(expr: DurationExpr, scope: DurationScope, negative: boolean): number {
  const seconds = secondsOf(expr, scope);
  if (!Number.isFinite(seconds)) fail(expr, "duration is NaN or infinite");
  if (seconds <= 0 && !negative) fail(expr, "duration must be greater than 0");
  if (Math.abs(seconds) * 1e9 >= 2 ** 63) fail(expr, "duration is out of range");
  return Math.trunc(seconds * 1000);
}

function secondsOf(expr: DurationExpr, scope: DurationScope): number {
  switch (expr.kind) {
    case "duration-number":
      return expr.seconds;
    case "duration-step":
      return scope.stepSeconds;
    case "duration-range":
      return scope.rangeSeconds;
    case "duration-unary": {
      const value = secondsOf(expr.expr, scope);
      return expr.op === "-" ? -value : value;
    }
    case "duration-binary":
      return combine(expr, secondsOf(expr.lhs, scope), secondsOf(expr.rhs, scope));
  }
}

function combine(expr: DurationExpr & { kind: "duration-binary" }, lhs: number, rhs: number): number {
  switch (expr.op) {
    case "+":
      return lhs + rhs;
    case "-":
      return lhs - rhs;
    case "*":
      return lhs * rhs;
    case "/":
      if (rhs === 0) fail(expr, "division by zero");
      return lhs / rhs;
    case "%":
      if (rhs === 0) fail(expr, "modulo by zero");
      return goMod(lhs, rhs);
    case "^":
      return goPow(lhs, rhs);
    case "min_of":
      return goMin(lhs, rhs);
    case "max_of":
      return goMax(lhs, rhs);
  }
}

function fail(expr: DurationExpr, what: string): never {
  throw new GatewayError("bad_data", `${expr.span.start}:${expr.span.end}: ${what}`);
}
