import { GatewayError } from "../../lib/errors.ts";

/** Body of a form at most, as Go's ParseForm allows. */
export const maxFormBytes = 10_485_760;

/** Parameters of a URL or a body at most, as Go's ParseQuery allows; a body of millions would hold the process. */
const maxParameters = 10_000;

/** Parameters of a request: those of a form's body before those of the URL, as Go's FormValue reads them. */
export interface Form {
  /** The first value, "" where there is none. */
  first(name: string): string;
  all(name: string): readonly string[];
}

/** Reads URL and, for POST, a url-encoded body. Throws GatewayError `bad_data` where there is too much of it. */
export async function readForm(request: Request): Promise<Form> {
  const fromUrl = parametersOf(queryOf(request.url));
  const type = request.headers.get("content-type") ?? "";
  if (request.method !== "POST" || !type.startsWith("application/x-www-form-urlencoded")) {
    return formOf([fromUrl]);
  }
  return formOf([parametersOf(await readBody(request)), fromUrl]);
}

function parametersOf(text: string): URLSearchParams {
  let count = 1;
  for (let at = text.indexOf("&"); at >= 0; at = text.indexOf("&", at + 1)) {
    if (++count > maxParameters) {
      throw new GatewayError("bad_data", "number of URL query parameters exceeded limit");
    }
  }
  return new URLSearchParams(malformed.test(text) ? withoutMalformed(text) : text);
}

/** A percent sign without its two digits, or a semicolon, which Go takes for no separator and for no value either. */
const malformed = /%(?![0-9A-Fa-f]{2})|;/;

/** Go leaves out the parameters that it cannot read: what is left of them must not become another query. */
function withoutMalformed(text: string): string {
  return text
    .split("&")
    .filter((pair) => !malformed.test(pair))
    .join("&");
}

function formOf(sources: readonly URLSearchParams[]): Form {
  const all = (name: string) => sources.flatMap((source) => source.getAll(name));
  return { all, first: (name) => all(name)[0] ?? "" };
}

function queryOf(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? "" : url.slice(at + 1);
}

async function readBody(request: Request): Promise<string> {
  const declared = Number(request.headers.get("content-length") ?? Number.NaN);
  if (declared > maxFormBytes) throw tooLarge();
  if (Number.isFinite(declared)) return request.text();
  const decoder = new TextDecoder();
  let text = "";
  let sizeBytes = 0;
  for await (const bytes of request.body ?? []) {
    sizeBytes += bytes.length;
    if (sizeBytes > maxFormBytes) throw tooLarge();
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}

function tooLarge(): GatewayError {
  return new GatewayError("bad_data", "http: request body too large");
}
