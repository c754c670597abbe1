import { GatewayError } from "../../lib/errors.ts";
import { fileErrorReason, readTextFile } from "../../runtime/files.ts";
import type { HttpClientConfig, Secret } from "./http-client-config.ts";
import { basicAuthorization } from "./prometheus-requests.ts";

/** Headers that prove who we are. Secrets in files are read at each call; one that cannot be is `unavailable`. */
export function createCredentials(config: HttpClientConfig): () => Promise<Readonly<Record<string, string>>> {
  const { basicAuth, bearerToken } = config;
  return async () => {
    if (basicAuth !== undefined) {
      const password = await readSecret("password_file", basicAuth.password);
      return { authorization: basicAuthorization({ username: basicAuth.username, password }) };
    }
    if (bearerToken === undefined) return {};
    return { authorization: `Bearer ${await readSecret("bearer_token_file", bearerToken)}` };
  };
}

async function readSecret(field: string, secret: Secret): Promise<string> {
  if (secret.kind === "text") return secret.text;
  try {
    return (await readTextFile(secret.path)).trim();
  } catch (error) {
    const message = `Cannot read ${field} ${secret.path}: ${fileErrorReason(error)}`;
    throw new GatewayError("unavailable", message, { cause: error });
  }
}
