import { GatewayError, messageOf } from "../../lib/errors.ts";
import type { Expr } from "../../promql/syntax/ast.ts";
import { exprJson } from "../../promql/syntax/expr-json.ts";
import { prettyExpr } from "../../promql/syntax/prettifier.ts";
import type { ApiCall, RouteHandler } from "../api-call.ts";
import type { HttpApiOptions } from "../api-options.ts";
import type { ApiResponder } from "../api-responder.ts";
import { toGoJson } from "../json/go-json.ts";
import { readForm } from "../parameters/form.ts";

export interface QueryTextRoutes {
  readonly format: RouteHandler;
  readonly parse: RouteHandler;
}

/** `/format_query` and `/parse_query`: a query as text over several lines, and as a tree. Nothing is evaluated. */
export function createQueryTextRoutes(api: HttpApiOptions, responder: ApiResponder): QueryTextRoutes {
  async function answer(call: ApiCall, textOf: (expr: Expr) => string): Promise<void> {
    let json: Uint8Array;
    try {
      const query = (await readForm(call.request)).first("query");
      json = new TextEncoder().encode(textOf(prepare(query)));
    } catch (error) {
      return responder.error(call.exchange, error, "request");
    }
    await responder.success(call, { warnings: () => [], write: ({ writer }) => writer.rawBytes(json) });
  }

  function prepare(query: string): Expr {
    try {
      return api.engine.prepare(query).expr;
    } catch (error) {
      throw new GatewayError("bad_data", `invalid parameter "query": ${messageOf(error)}`, { cause: error });
    }
  }

  return {
    format: (call) => answer(call, (expr) => toGoJson(prettyExpr(expr))),
    parse: (call) => answer(call, (expr) => toGoJson(exprJson(expr))),
  };
}
