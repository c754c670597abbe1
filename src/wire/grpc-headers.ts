const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** gRPC's status codes, by name. */
export const grpcStatus = {
  ok: 0,
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** Names as grpc-go prints them: `rpc error: code = Unavailable desc = …`. */
const statusNames = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
] as const;

/** Name of a status code as grpc-go prints it. */
export function grpcStatusName(code: number): string {
  return statusNames[code] ?? `Code(${code})`;
}

/** A `grpc-status` header as a number; what is none is `unknown`. */
export function parseGrpcStatus(header: string | undefined): number {
  return header !== undefined && /^[0-9]{1,3}$/.test(header) ? Number(header) : grpcStatus.unknown;
}

/** A text as `grpc-message`: UTF-8, with all but printable ASCII and with % as %XX. */
export function encodeGrpcMessage(text: string): string {
  let out = "";
  for (const byte of encoder.encode(text)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    out += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

/** The text of a `grpc-message`; what is no valid %XX stays as it is. */
export function decodeGrpcMessage(header: string): string {
  if (!header.includes("%")) return header;
  const bytes: number[] = [];
  for (let i = 0; i < header.length; i++) {
    const code = header.slice(i + 1, i + 3);
    if (header[i] === "%" && /^[0-9a-fA-F]{2}$/.test(code)) {
      bytes.push(Number.parseInt(code, 16));
      i += 2;
    } else bytes.push(...encoder.encode(header[i]));
  }
  return decoder.decode(Uint8Array.from(bytes));
}

/** Milliseconds as `grpc-timeout`, at most eight digits, rounded down to no less than one of its unit. */
export function encodeGrpcTimeout(timeoutMs: number): string {
  const ms = Math.max(0, Math.floor(timeoutMs));
  for (const [unit, size] of [
    ["m", 1],
    ["S", 1000],
    ["M", 60_000],
  ] as const) {
    const count = Math.floor(ms / size);
    if (count < 1e8) return `${count}${unit}`;
  }
  return `${Math.min(99_999_999, Math.floor(ms / 3_600_000))}H`;
}

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** A `grpc-timeout` in milliseconds, `undefined` for what is none. */
export function decodeGrpcTimeout(header: string): number | undefined {
  const match = /^([0-9]{1,8})([HMSmun])$/.exec(header);
  if (match === null) return undefined;
  const unit = unitMs[match[2] ?? ""];
  return unit === undefined ? undefined : Number(match[1]) * unit;
}
