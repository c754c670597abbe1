import { GatewayError } from "../../lib/errors.ts";

/** Body of a form at most, as Go's ParseForm allows. */
export const maxFormBytes = 10_485_760;

/** Parameters of a request: those of a form's body before those of the URL, as Go's FormValue reads them. */
export interface Form {
  /** The first value, "" where there is none. */
  first(name: string): string;
  all(name: string): readonly string[];
}

/** Reads URL and, for POST, a url-encoded body. Throws GatewayError `bad_data` where the body is too large. */
export async function readForm(request: Request): Promise<Form> {
  const fromUrl = new URLSearchParams(queryOf(request.url));
  const type = request.headers.get("content-type") ?? "";
  if (request.method !== "POST" || !type.startsWith("application/x-www-form-urlencoded")) {
    return formOf([fromUrl]);
  }
  return formOf([new URLSearchParams(await readBody(request)), fromUrl]);
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
