import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, type Digest, type Json, sha256 } from '../base/index.ts';
import { type Checkpoint, existingKey, openCheckpoint, type SigningKey } from './checkpoint.ts';
import { CHECKPOINT_FILE, RECORD_FILE } from './record.ts';
import { genesis, MAX_LINE_BYTES } from './record-line.ts';
import { EVENT_TYPES, type RecordEvent } from './vocabulary.ts';

/** What a verification found. `whole` is the only good answer; `unfinished` is a run that crashed or still runs. */
export type Verification =
  | { readonly state: 'whole'; readonly events: number; readonly head: Digest }
  | {
      readonly state: 'unfinished';
      readonly events: number;
      /** How many of the events a signature covers. What follows them is chained, which anyone can do who can write there. */
      readonly signed: number;
      readonly why: string;
    }
  | { readonly state: 'broken'; readonly line: number; readonly why: string };

export interface VerifyOptions {
  readonly directory: string;
  readonly keysFolder: string;
  readonly runId: string;
  /** Called for each event, in order, once its place in the chain was checked. */
  readonly each?: (event: RecordEvent, time: string) => void;
}

/** Reads a record from its beginning and checks every line, the chain, and the signed checkpoint against each other. */
export async function verifyRecord(options: VerifyOptions): Promise<Verification> {
  if (isNotBegun(options.directory)) return { state: 'unfinished', events: 0, signed: 0, why: NOT_BEGUN };
  const checkpoint = readCheckpoint(options);
  if ('why' in checkpoint) return { state: 'broken', line: 0, why: checkpoint.why };
  const chain = new Chain(options);
  let rest: Buffer = Buffer.alloc(0);
  const stream = createReadStream(join(options.directory, RECORD_FILE), { highWaterMark: 1 << 20 });
  try {
    for await (const chunk of stream) {
      rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
      let from = 0;
      for (let end = rest.indexOf(10, from); end !== -1; end = rest.indexOf(10, from)) {
        const why = chain.take(rest.subarray(from, end));
        if (why !== undefined) return { state: 'broken', line: chain.lines + 1, why };
        chain.compare(checkpoint);
        from = end + 1;
      }
      rest = rest.subarray(from);
      if (rest.length > MAX_LINE_BYTES)
        return { state: 'broken', line: chain.lines + 1, why: 'a line is longer than any of ours' };
    }
  } catch (error) {
    return {
      state: 'broken',
      line: chain.lines,
      why: `it cannot be read: ${error instanceof Error ? error.message : 'unknown'}`,
    };
  }
  return conclude(chain, checkpoint, rest.length);
}

const NOT_BEGUN = 'it holds nothing: the run was cut off before its first event, or all of it was removed';

/** A run that is killed while it makes its record leaves no event and no checkpoint; one without the other is never left. */
function isNotBegun(directory: string): boolean {
  const size = (name: string): number | undefined =>
    statSync(join(directory, name), { throwIfNoEntry: false })?.size;
  return size(CHECKPOINT_FILE) === undefined && (size(RECORD_FILE) ?? 0) === 0;
}

function readCheckpoint(options: VerifyOptions): Checkpoint | { readonly why: string } {
  let text: string;
  try {
    text = readFileSync(join(options.directory, CHECKPOINT_FILE), 'utf8');
  } catch {
    return { why: 'the signed checkpoint is missing' };
  }
  const key = keyIn(options.keysFolder);
  if ('why' in key) return key;
  const opened = openCheckpoint(text, key.publicKey);
  if ('why' in opened) return { why: `the checkpoint does not hold: ${opened.why}` };
  if (opened.runId !== options.runId) return { why: 'the checkpoint is of another run' };
  return opened;
}

/** A key is never made for a verification: there would be nothing that it signed. */
function keyIn(folder: string): Pick<SigningKey, 'publicKey'> | { readonly why: string } {
  try {
    return (
      existingKey(folder) ?? {
        why: 'the key of this state folder, whose signature it should bear, is missing',
      }
    );
  } catch (error) {
    return { why: `the key cannot be used: ${error instanceof Error ? error.message : String(error)}` };
  }
}

class Chain {
  lines = 0;
  head: Digest;
  matched: boolean;
  #each: VerifyOptions['each'];
  constructor(options: VerifyOptions) {
    this.head = genesis(options.runId);
    this.matched = false;
    this.#each = options.each;
  }

  /** Why the line is not the next one; undefined when it is. */
  take(bytes: Buffer): string | undefined {
    if (bytes.length > MAX_LINE_BYTES) return 'the line is longer than any of ours';
    const text = bytes.toString('utf8');
    let parsed: Json;
    try {
      parsed = JSON.parse(text) as Json;
      if (!Buffer.from(canonicalJson(parsed)).equals(bytes)) return 'the line is not as it was written';
    } catch {
      return 'the line is not JSON';
    }
    if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) return 'the line is no event';
    const { seq, time, prev, ...event } = parsed as { readonly [key: string]: Json };
    if (seq !== this.lines) return `its number is ${String(seq)} where ${this.lines} was due`;
    if (prev !== this.head) return 'it does not continue the line before';
    if (typeof time !== 'string' || !EVENT_TYPES.some((type) => type === event['type']))
      return 'it is no event of ours';
    this.lines += 1;
    this.head = sha256(bytes);
    this.#each?.(event as unknown as RecordEvent, time);
    return undefined;
  }

  compare(checkpoint: Checkpoint): void {
    if (this.lines === checkpoint.size) this.matched = this.head === checkpoint.head;
  }
}

function conclude(chain: Chain, checkpoint: Checkpoint, torn: number): Verification {
  if (checkpoint.size === 0 && chain.lines === 0) chain.compare(checkpoint);
  const matched = chain.matched || (checkpoint.size === 0 && !checkpoint.closed);
  if (chain.lines < checkpoint.size) {
    return {
      state: 'broken',
      line: chain.lines,
      why: `it ends after ${chain.lines} events; ${checkpoint.size} were signed`,
    };
  }
  if (!matched) return { state: 'broken', line: checkpoint.size, why: 'the signed digest is another' };
  if (!checkpoint.closed) {
    const ending =
      torn > 0 ? 'the last line is torn: the run was cut off' : 'the run did not end, or has not yet';
    const bare = chain.lines - checkpoint.size;
    return {
      state: 'unfinished',
      events: chain.lines,
      signed: checkpoint.size,
      why: bare > 0 ? `${ending}; no signature covers the last ${bare} of ${chain.lines} events` : ending,
    };
  }
  if (torn > 0 || chain.lines > checkpoint.size) {
    return { state: 'broken', line: checkpoint.size + 1, why: 'something was added after the end' };
  }
  return { state: 'whole', events: chain.lines, head: chain.head };
}
