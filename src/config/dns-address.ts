import { GatewayError } from "../lib/errors.ts";

/** How a name becomes endpoints (Thanos's pkg/discovery/dns). */
export type DnsForm =
  /** A or AAAA of a host. */
  | "dns"
  /** A and AAAA of a host. */
  | "dnsdualstack"
  /** SRV, then A or AAAA of its targets. */
  | "dnssrv"
  /** SRV; its targets are the endpoints. */
  | "dnssrvnoa";

/** An address that is looked up in DNS. */
export interface DnsAddress {
  /** As it was written, form included. */
  readonly text: string;
  readonly form: DnsForm;
  readonly name: string;
  /** `undefined`: the port of each SRV record. */
  readonly port: number | undefined;
}

const forms: readonly string[] = ["dns", "dnsdualstack", "dnssrv", "dnssrvnoa"];

/**
 * Reads `dns+host:port`, `dnsdualstack+host:port`, `dnssrv+name` and `dnssrvnoa+name`; `undefined` for what is no DNS address.
 * Throws GatewayError `bad_data`, in Thanos's words where it has some.
 */
export function parseDnsAddress(text: string): DnsAddress | undefined {
  const plus = text.indexOf("+");
  if (plus < 0) return undefined;
  const form = text.slice(0, plus);
  const rest = text.slice(plus + 1);
  if (!isForm(form)) {
    throw new GatewayError(
      "bad_data",
      `invalid lookup scheme ${JSON.stringify(form)} in ${text}, wants one of ${forms.join(", ")}`,
    );
  }
  const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^\s[\]:/@+]+))(?::(\d{1,5}))?$/.exec(rest);
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  if (match === null || port === 0 || (port ?? 0) > 65_535) throw notAnAddress(text);
  if (port === undefined && (form === "dns" || form === "dnsdualstack")) {
    throw new GatewayError("bad_data", `missing port in address given for ${form} lookup: ${rest}`);
  }
  return { text, form, name: match[1] ?? match[2] ?? "", port };
}

/** Thanos's text for an address that is none. */
export function notAnAddress(text: string): GatewayError {
  return new GatewayError("bad_data", `Address ${text} is not of <host>:<port> format or a valid DNS query.`);
}

function isForm(word: string): word is DnsForm {
  return forms.includes(word);
}
