import * as v from "valibot";
import { messageOf } from "../lib/errors.ts";
import { parseEndpointAddress, parseStrictAddress } from "./address.ts";
import { type ConfigText, readConfigDocument } from "./config-document.ts";
import { clusterOfEndpoint, type DeclaredCluster, type GroupPolicy } from "./declared-cluster.ts";
import type { ClientTlsConfig } from "./server-flags.ts";

const text = v.optional(v.nullable(v.string()));
const flag = v.optional(v.nullable(v.boolean()));
const clientConfig = v.optional(
  v.nullable(
    v.strictObject({
      tls_config: v.optional(
        v.nullable(
          v.strictObject({
            enabled: flag,
            insecure_skip_verify: flag,
            cert_file: text,
            key_file: text,
            ca_file: text,
            min_version: v.optional(v.nullable(v.picklist(["1.0", "1.1", "1.2", "1.3"]))),
          }),
        ),
      ),
      server_name: text,
      compression: v.optional(
        v.nullable(
          v.pipe(
            v.string(),
            v.check(
              (word) => word === "" || word === "none",
              "is not supported here, wants none: messages go as they are",
            ),
          ),
        ),
      ),
    }),
  ),
);
const schema = v.strictObject({
  default_client_config: clientConfig,
  endpoints: v.optional(
    v.nullable(
      v.array(
        v.strictObject({
          address: v.string(),
          strict: flag,
          group: flag,
          service_config: text,
          client_config: clientConfig,
        }),
      ),
    ),
  ),
});

type ClientConfig = v.InferOutput<typeof clientConfig>;

/** What a document of `--endpoint.sd-config` declares. */
export interface EndpointSdConfig {
  readonly clusters: readonly DeclaredCluster[];
  /** The TLS that endpoints name, by the name that they know it under. */
  readonly tlsProfiles: ReadonlyMap<string, ClientTlsConfig>;
}

export const noEndpointSdConfig: EndpointSdConfig = { clusters: [], tlsProfiles: new Map() };

/** The profile that stands in for the flags `--grpc-client-…` where a document has a `default_client_config`. */
export const defaultProfile = "default_client_config";

/**
 * Reads Thanos's endpoint SD config (cmd/thanos/endpointset.go); each endpoint is a cluster of its own. `flags` is what the
 * flags say of TLS. Throws GatewayError `bad_data` that names file, line and column.
 */
export function parseEndpointSdConfig(source: ConfigText, flags: ClientTlsConfig): EndpointSdConfig {
  const { value, refuse } = readConfigDocument(source, schema, "a mapping with endpoints");
  const tlsProfiles = new Map<string, ClientTlsConfig>();
  let base = flags;
  if (hasTls(value.default_client_config)) {
    base = mergedTls(value.default_client_config, undefined);
    tlsProfiles.set(defaultProfile, base);
  }
  const clusters = (value.endpoints ?? []).map((endpoint, index): DeclaredCluster => {
    const path = ["endpoints", index] as const;
    const strict = endpoint.strict === true;
    const service = endpoint.service_config ?? "";
    if (endpoint.group !== true && service !== "") {
      const what = `${endpoint.address} service_config is only valid for endpoint groups.`;
      throw refuse([...path, "service_config"], what);
    }
    const group = endpoint.group === true ? policyOf(service) : undefined;
    if (group === "unreadable")
      throw refuse([...path, "service_config"], "service_config is no JSON, wants gRPC's service config");
    let tls: string | undefined;
    if (hasTls(endpoint.client_config)) {
      const profile = mergedTls(endpoint.client_config, base);
      if ((profile.certFile === undefined) !== (profile.keyFile === undefined)) {
        const what = "client_config.tls_config has one of cert_file and key_file, wants both";
        throw refuse([...path, "client_config", "tls_config"], what);
      }
      tls = `client_config ${JSON.stringify(profile)}`;
      tlsProfiles.set(tls, profile);
    }
    try {
      const address = strict ? parseStrictAddress(endpoint.address) : parseEndpointAddress(endpoint.address);
      return clusterOfEndpoint({ address, strict, group, tls });
    } catch (error) {
      throw refuse([...path, "address"], messageOf(error));
    }
  });
  return { clusters, tlsProfiles };
}

function hasTls(config: ClientConfig): config is NonNullable<ClientConfig> {
  const { tls_config: tls, server_name: name } = config ?? {};
  const isGiven = (part: unknown) => part !== null && part !== undefined;
  return (name ?? "") !== "" || Object.values(tls ?? {}).some(isGiven);
}

/** As Thanos: what is not said is as in `base`, but where `enabled` is said nothing is taken over. */
function mergedTls(config: NonNullable<ClientConfig>, base: ClientTlsConfig | undefined): ClientTlsConfig {
  const tls = config.tls_config ?? {};
  const enabled = tls.enabled ?? undefined;
  const fallback = enabled === undefined ? base : undefined;
  const isImplied = [tls.cert_file, tls.key_file, tls.ca_file, tls.insecure_skip_verify].some(
    (part) => part !== null && part !== undefined,
  );
  const given = (own: string | null | undefined, other: string | undefined) => {
    const chosen = own ?? other;
    return chosen === "" ? undefined : chosen;
  };
  return {
    secure: enabled ?? (isImplied || (fallback?.secure ?? false)),
    skipVerify: tls.insecure_skip_verify ?? fallback?.skipVerify ?? false,
    certFile: given(tls.cert_file, fallback?.certFile),
    keyFile: given(tls.key_file, fallback?.keyFile),
    caFile: given(tls.ca_file, fallback?.caFile),
    serverName: given(config.server_name, undefined),
    minVersion: tls.min_version ?? fallback?.minVersion ?? "1.3",
  };
}

/** The policy that a service config names, with gRPC's default of Thanos's groups: one after the other. */
function policyOf(service: string): GroupPolicy | "unreadable" {
  if (service.trim() === "") return "round_robin";
  let value: unknown;
  try {
    value = JSON.parse(service);
  } catch {
    return "unreadable";
  }
  const parsed = v.safeParse(
    v.looseObject({
      loadBalancingPolicy: v.optional(v.string()),
      loadBalancingConfig: v.optional(v.array(v.record(v.string(), v.unknown()))),
    }),
    value,
  );
  if (!parsed.success) return "unreadable";
  const { loadBalancingPolicy, loadBalancingConfig = [] } = parsed.output;
  const named = [...loadBalancingConfig.flatMap((config) => Object.keys(config)), loadBalancingPolicy];
  const known = named.find((name) => name === "round_robin" || name === "pick_first");
  // gRPC picks the first address where a service config names no policy.
  return known === "round_robin" ? known : "pick_first";
}
