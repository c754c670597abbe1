import { endOfCertificates } from "../runtime/certificate-trust.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** A file of certificates that are in use. */
export interface CertificateFile {
  readonly profile: string;
  readonly path: string;
  readonly pem: string;
  /** Of authorities one that still holds is enough; of a chain every certificate must hold. */
  readonly kind: "chain" | "authorities";
}

export interface ExpiryOptions {
  /** The files as they are now. */
  files(): readonly CertificateFile[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Those of a profile's files that are there. */
export function certificateFiles(
  profile: string,
  files: readonly {
    readonly file: { readonly path: string } | undefined;
    readonly pem: string | undefined;
    readonly kind: CertificateFile["kind"];
  }[],
): readonly CertificateFile[] {
  return files.flatMap(({ file, pem, kind }) =>
    file === undefined || pem === undefined ? [] : [{ profile, path: file.path, pem, kind }],
  );
}

const dayMs = 24 * 3600_000;
const aheadMs = 14 * dayMs;
const lookMs = 3600_000;

/**
 * Shows when certificates end as a metric, and logs each that ends within 14 days, or has ended, once a day. The returned function
 * ends it.
 */
export function watchExpiry({ files, clock, log, metrics }: ExpiryOptions): () => void {
  metrics.observe(
    "sluice_tls_certificate_not_after_seconds",
    "When the certificates of a file in use end: the first of a chain, the last of a bundle of authorities.",
    () => {
      // One file may be named twice in a profile: as what is shown, and as what is trusted.
      const soonest = new Map<string, { readonly value: number; readonly labels: Record<string, string> }>();
      for (const file of files()) {
        const { profile, path } = file;
        const key = `${profile} ${path}`;
        const value = Math.min(endMs(file) / 1000, soonest.get(key)?.value ?? Number.POSITIVE_INFINITY);
        soonest.set(key, { value, labels: { profile, file: path } });
      }
      return [...soonest.values()];
    },
  );
  const warnedMs = new Map<string, number>();
  let stopTimer: () => void = () => undefined;
  const look = () => {
    const nowMs = clock.nowMs();
    for (const file of files()) {
      const end = endMs(file);
      const key = `${file.profile} ${file.path} ${end}`;
      if (end - nowMs > aheadMs || nowMs - (warnedMs.get(key) ?? Number.NEGATIVE_INFINITY) < dayMs) continue;
      warnedMs.set(key, nowMs);
      log.warn(end > nowMs ? "a certificate ends soon" : "a certificate has ended", {
        profile: file.profile,
        file: file.path,
        notAfter: new Date(end).toISOString(),
        daysLeft: Math.floor((end - nowMs) / dayMs),
      });
    }
    stopTimer = clock.after(lookMs, look);
  };
  look();
  return () => stopTimer();
}

const ends = new Map<string, number>();

/** Read once for each text: certificates change rarely, and are asked for at each scrape. */
function endMs({ pem, kind }: CertificateFile): number {
  const key = `${kind} ${pem}`;
  let end = ends.get(key);
  if (end === undefined) {
    const both = endOfCertificates(pem);
    end = (kind === "chain" ? both?.firstMs : both?.lastMs) ?? Number.NaN;
    if (ends.size >= 256) ends.clear();
    ends.set(key, end);
  }
  return end;
}
