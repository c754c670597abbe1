import { pino } from "pino";
import type { Clock } from "../runtime/clock.ts";
import type { Log, LogFields } from "./log.ts";
import { formatLogfmt } from "./logfmt.ts";

export interface LogOptions {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "logfmt" | "json";
  /** Takes one line with its newline. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
}

/** A log of one line an entry, with `ts`, `level` and `msg` first as Thanos writes them. */
export function createLog({ level, format, write, clock }: LogOptions): Log {
  const destination =
    format === "json" ? { write } : { write: (line: string) => write(`${formatLogfmt(JSON.parse(line))}\n`) };
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"ts":"${new Date(clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: textOf, error: textOf },
    },
    destination,
  );
  return wrap(logger);
}

type Lines = Pick<pino.Logger, "debug" | "info" | "warn" | "error"> & {
  child(fields: LogFields): Lines;
};

function wrap(logger: Lines): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    with: (fields) => wrap(logger.child(fields)),
  };
}

function textOf(reason: unknown): unknown {
  return reason instanceof Error ? reason.message : reason;
}
