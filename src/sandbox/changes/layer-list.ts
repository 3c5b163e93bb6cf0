import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { MOST_ENTRIES } from '../workspace/open-workspace.ts';
import { runProgram } from '../workspace/program.ts';

/** One entry of an upper layer, as the job left it. */
export interface LayerEntry {
  readonly type: 'file' | 'folder' | 'link' | 'whiteout' | 'other';
  /** From the layer's root; any bytes but NUL, since the job chose them. */
  readonly path: Buffer;
  readonly executable: boolean;
  readonly sizeBytes: number;
  /** A folder that hides what the source has under its name. */
  readonly opaque: boolean;
  /** A link's target. */
  readonly target?: Buffer;
}

const TYPES = { f: 'file', d: 'folder', l: 'link', w: 'whiteout', o: 'other' } as const;
const MAX_OUTPUT_BYTES = 512 * 2 ** 20;

/** Lists an upper layer, folders before what they hold. Fails when it holds more than a million entries. */
export async function listLayer(upper: string): Promise<Result<readonly LayerEntry[], Refusal>> {
  const scanned = await runProgram(['scan', upper, String(MOST_ENTRIES)], MAX_OUTPUT_BYTES);
  if (!scanned.ok) return scanned;
  const entries: LayerEntry[] = [];
  const bytes = scanned.value;
  for (let at = 0; ; ) {
    const fields: Buffer[] = [];
    for (let field = 0; field < 3; field++) {
      const end = bytes.indexOf(0, at);
      if (end < 0) return err(cutOff());
      fields.push(bytes.subarray(at, end));
      at = end + 1;
    }
    const [head = Buffer.of(), path = Buffer.of(), target = Buffer.of()] = fields;
    const text = head.toString('latin1');
    if (text === 'end') return ok(entries);
    const [letter = '', mode = '', size = '', , , opaque] = text.split(' ');
    const type = Object.hasOwn(TYPES, letter) ? TYPES[letter as keyof typeof TYPES] : undefined;
    if (type === undefined) return err(cutOff());
    entries.push({
      type,
      path,
      executable: (Number.parseInt(mode, 8) & 0o100) !== 0,
      sizeBytes: Number(size),
      opaque: opaque === '1',
      ...(type === 'link' && { target }),
    });
  }
}

function cutOff(): Refusal {
  return refusal(
    'machine',
    'workspace/scan',
    'the list of what the command changed is not whole',
    'try it again; if it stays so, please report it',
  );
}
