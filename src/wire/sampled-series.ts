import { Arena } from "./arena.ts";
import { decodeError } from "./decode-error.ts";
import { HistogramMessageReader } from "./histogram-message.ts";
import { SampleBuffer } from "./sample-buffer.ts";
import { gatherLabels } from "./series-cursor.ts";
import { WireReader } from "./wire-reader.ts";

const what = "ReadResponse";

/**
 * Reads a remote-read answer of samples (a ReadResponse, uncompressed), series by series:
 *
 *   reader.reset(message);
 *   while (reader.next()) use(reader.labels, reader.labelStart, reader.labelEnd, reader.samples);
 *
 * What it points at is valid until the next call. Broken bytes throw GatewayError `internal`.
 */
export class SampledSeriesReader {
  /** Which of the request's queries the series answers. */
  queryIndex = -1;
  labels: Uint8Array = new Uint8Array(0);
  labelStart = 0;
  labelEnd = 0;
  /** Floats and histograms in order of time; a histogram goes behind a float of the same time. */
  samples = new SampleBuffer();
  #floats = this.samples;
  readonly #histograms = new SampleBuffer(16);
  readonly #mixed = new SampleBuffer(16);
  /** Whether histogram i of the message has whole numbers. */
  readonly #areWhole: boolean[] = [];
  /** The same for sample i of `samples`, where it is a histogram. */
  #wholeRows: readonly boolean[] = this.#areWhole;
  readonly #message = new HistogramMessageReader();
  #bytes: Uint8Array = this.labels;
  readonly #results = new WireReader(what);
  readonly #series = new WireReader(what);
  readonly #fields = new WireReader(what);
  readonly #arena = new Arena();

  reset(message: Uint8Array): void {
    this.#bytes = message;
    this.#results.reset(message);
    this.#series.reset(message, 0, 0);
    this.queryIndex = -1;
  }

  /** Moves to the next series; false at the end. */
  next(): boolean {
    for (;;) {
      const series = this.#series;
      while (series.pos < series.end) {
        const tag = series.uint32();
        if (tag !== 0x0a) {
          series.skipUnknown(tag, 0b10);
          continue;
        }
        const end = series.lengthEnd();
        this.#readSeries(series.pos, end);
        series.pos = end;
        return true;
      }
      if (!this.#nextResult()) return false;
    }
  }

  /** Whether the histogram that is sample `row` has whole numbers only. */
  isInteger(row: number): boolean {
    return this.#wholeRows[row] === true;
  }

  #nextResult(): boolean {
    const results = this.#results;
    while (results.pos < results.end) {
      const tag = results.uint32();
      if (tag !== 0x0a) {
        results.skipUnknown(tag, 0b10);
        continue;
      }
      const end = results.lengthEnd();
      this.#series.reset(this.#bytes, results.pos, end);
      this.queryIndex++;
      results.pos = end;
      return true;
    }
    return false;
  }

  #readSeries(start: number, end: number): void {
    this.#floats.clear();
    this.#histograms.clear();
    this.#areWhole.length = 0;
    const reader = this.#fields.reset(this.#bytes, start, end);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag !== 0x12 && tag !== 0x22) {
        reader.skipUnknown(tag, tag === 0x0a || tag === 0x1a ? 0b10100 : 0b11110);
        continue;
      }
      const stop = reader.lengthEnd();
      if (tag === 0x12) this.#readSample(reader.pos, stop);
      else this.#areWhole.push(this.#message.read(this.#bytes, reader.pos, stop, this.#histograms));
      reader.reset(this.#bytes, stop, end);
    }
    this.#join();
    const region = gatherLabels(this.#arena, this.#bytes, start, end);
    this.labels = region.buffer;
    this.labelStart = region.start;
    this.labelEnd = region.end;
  }

  #readSample(start: number, end: number): void {
    const bytes = this.#bytes;
    const reader = this.#fields.reset(bytes, start, end);
    let low = 0;
    let high = 0;
    let time = 0;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === 0x09) {
        if (reader.pos + 8 > end) throw decodeError(what, "a value is cut off", reader.pos);
        low = word(bytes, reader.pos);
        high = word(bytes, reader.pos + 4);
        reader.pos += 8;
      } else if (tag === 0x10) time = reader.int64();
      else reader.skipUnknown(tag, 0b110);
    }
    this.#floats.push(time, low, high);
  }

  /** Points `samples` at all samples of the series. */
  #join(): void {
    this.#wholeRows = this.#areWhole;
    if (this.#histograms.length === 0) this.samples = this.#floats;
    else if (this.#floats.length === 0) this.samples = this.#histograms;
    else this.#merge();
  }

  #merge(): void {
    const floats = this.#floats;
    const histograms = this.#histograms;
    const mixed = this.#mixed;
    const wholeRows: boolean[] = [];
    mixed.clear();
    for (let i = 0, j = 0; i < floats.length || j < histograms.length; ) {
      const takesFloat =
        j === histograms.length ||
        (i < floats.length && (floats.times[i] as number) <= (histograms.times[j] as number));
      if (!takesFloat && this.#areWhole[j] === true) wholeRows[mixed.length] = true;
      if (takesFloat) mixed.pushOf(floats, i++);
      else mixed.pushOf(histograms, j++);
    }
    this.samples = mixed;
    this.#wholeRows = wholeRows;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
