/** The names that a certificate is made out to. */
export interface CertificateNames {
  readonly dns: readonly string[];
  readonly uris: readonly string[];
  /** IPv4 in dots, IPv6 in its shortest form. */
  readonly ips: readonly string[];
}

/**
 * Subject alternative names of a certificate in DER (RFC 5280 §4.2.1.6). Reads the bytes themselves: in the texts that runtimes
 * make of them, one name can be written so that it looks like two.
 *
 *   Certificate ▸ TBSCertificate ▸ [3] ▸ Extensions ▸ Extension(subjectAltName) ▸ OCTET STRING ▸ GeneralNames
 */
export function certificateNames(der: Uint8Array): CertificateNames {
  const dns: string[] = [];
  const uris: string[] = [];
  const ips: string[] = [];
  for (const { tag, body } of generalNames(der)) {
    if (tag === 0x82) dns.push(textOf(body).toLowerCase());
    else if (tag === 0x86) uris.push(textOf(body));
    else if (tag === 0x87) ips.push(ipText(body));
  }
  return { dns, uris, ips };
}

/** All names in one list, as errors show them. */
export function allNames({ dns, uris, ips }: CertificateNames): readonly string[] {
  return [...uris, ...dns, ...ips];
}

/** Whether a certificate is made out to one of `wanted`: DNS names in any case, addresses in any form, URIs to the letter. */
export function hasOneOf({ dns, uris, ips }: CertificateNames, wanted: readonly string[]): boolean {
  return wanted.some(
    (name) => uris.includes(name) || dns.includes(name.toLowerCase()) || ips.includes(canonicalIp(name)),
  );
}

interface Element {
  readonly tag: number;
  readonly body: Uint8Array;
}

const sequence = 0x30;
const extensionsTag = 0xa3;
const octetString = 0x04;
/** 2.5.29.17 */
const subjectAltName = [0x06, 0x03, 0x55, 0x1d, 0x11];

function generalNames(der: Uint8Array): readonly Element[] {
  const [certificate] = elements(der);
  const [tbs] = certificate?.tag === sequence ? elements(certificate.body) : [];
  const wrapped = elements(tbs?.body).find(({ tag }) => tag === extensionsTag);
  const [extensions] = elements(wrapped?.body);
  for (const { body } of elements(extensions?.body)) {
    if (!subjectAltName.every((byte, index) => body[index] === byte)) continue;
    const value = elements(body).find(({ tag }) => tag === octetString);
    const [names] = elements(value?.body);
    return elements(names?.body);
  }
  return [];
}

/** The elements in a row; those before the first that is cut. */
function elements(bytes: Uint8Array | undefined): readonly Element[] {
  const found: Element[] = [];
  let at = 0;
  while (bytes !== undefined && at + 2 <= bytes.length) {
    const tag = bytes[at] as number;
    let length = bytes[at + 1] as number;
    at += 2;
    if (length > 0x80) {
      const count = length - 0x80;
      if (count > 4 || at + count > bytes.length) break;
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + (bytes[at + i] as number);
      at += count;
    } else if (length === 0x80) break;
    if (at + length > bytes.length) break;
    found.push({ tag, body: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes); // IA5String: one byte a letter.
}

function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups: string[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2)
    groups.push((((bytes[i] as number) << 8) | (bytes[i + 1] as number)).toString(16));
  return canonicalIp(groups.join(":"));
}

/** IPv6 in its shortest form; other texts as they are. */
function canonicalIp(text: string): string {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(":")) return text;
  return URL.canParse(`http://[${text}]/`) ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : text;
}
