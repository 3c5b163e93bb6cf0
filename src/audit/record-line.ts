import { canonicalJson, type Digest, type Json, sha256 } from '../base/index.ts';
import type { RecordEvent } from './vocabulary.ts';

const MAX_TEXT = 4_096;
const MAX_ITEMS = 256;
const MAX_DEPTH = 12;
/** No line that we write is longer; a longer one is not ours. */
export const MAX_LINE_BYTES = 1_048_576;

export function genesis(runId: string): Digest {
  return sha256(`cofferdam record v1\n${runId}\n`);
}

/** The line's one serialisation (RFC 8785), with hostile content cut to its bounds. */
export function encodeLine(seq: number, time: string, prev: Digest, event: RecordEvent): string {
  const line = canonicalJson({
    ...(bounded(event as unknown as Json, 0) as Record<string, Json>),
    seq,
    time,
    prev,
  });
  if (Buffer.byteLength(line) <= MAX_LINE_BYTES) return line;
  const { type } = event;
  return canonicalJson({
    type: 'telemetry.gap',
    what: type,
    why: 'the event was larger than a line may be',
    seq,
    time,
    prev,
  });
}

function bounded(value: Json, depth: number): Json {
  if (typeof value === 'string') {
    return value.length > MAX_TEXT
      ? `${value.slice(0, MAX_TEXT)}…[${value.length - MAX_TEXT} more]`
      : value.toWellFormed();
  }
  if (value === null || typeof value !== 'object') return value;
  if (depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) {
    const kept = value.slice(0, MAX_ITEMS).map((item: Json) => bounded(item, depth + 1));
    return value.length > MAX_ITEMS ? [...kept, `…[${value.length - MAX_ITEMS} more]`] : kept;
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      item === undefined ? [] : [[key.toWellFormed(), bounded(item as Json, depth + 1)]],
    ),
  );
}
