import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import { createTwoFilesPatch } from 'diff';
import { formatSize } from '../../base/index.ts';
import { openBeneath } from '../workspace/open-beneath.ts';
import { shownPath, shownText } from '../workspace/shown-path.ts';
import type { Change } from './change.ts';

const MAX_TEXT_BYTES = 1 << 20;
const MAX_EDITS = 5_000;
const MAX_SHOWN_LINES = 2_000;

/**
 * One change as a unified diff that is safe to show: names and lines are the job's, and every control, bidirectional and
 * invisible character in them is escaped. What is not text, or larger than 1 MiB, is told by its size.
 */
export function showDiff(change: Change, folder: string, upper: string): string {
  const name = shownPath(change.path);
  const mode =
    change.kind === 'modified' && change.executable !== change.executableBefore && change.type === 'file'
      ? ` (${change.executable ? 'now' : 'no longer'} executable)`
      : change.kind === 'added' && change.executable && change.type === 'file'
        ? ' (executable)'
        : '';
  const head = `${change.kind} ${change.type} ${name}${mode}`;
  if (change.type === 'link' && change.kind !== 'deleted') {
    return `${head} -> ${shownPath(change.target ?? Buffer.of())}\n`;
  }
  if (change.type !== 'file') return `${head}\n`;
  const before = change.before === 'file' ? text(folder, change.path) : '';
  const after = change.kind === 'deleted' ? '' : text(upper, change.path);
  if (before === undefined || after === undefined)
    return `${head}, ${formatSize(change.sizeBytes)}, not shown\n`;
  const patch = createTwoFilesPatch('a', 'b', before, after, undefined, undefined, {
    context: 3,
    maxEditLength: MAX_EDITS,
  });
  if (patch === undefined) return `${head}, ${formatSize(change.sizeBytes)}, too different to show\n`;
  const lines = patch.split('\n').slice(3);
  if (lines.at(-1) === '') lines.pop();
  const shown = lines.slice(0, MAX_SHOWN_LINES).map((line) => shownText(line));
  if (lines.length > shown.length) shown.push(`… and ${lines.length - shown.length} more lines`);
  const a = change.before === undefined ? '/dev/null' : `a/${name}`;
  const b = change.kind === 'deleted' ? '/dev/null' : `b/${name}`;
  return [head, `--- ${a}`, `+++ ${b}`, ...shown, ''].join('\n');
}

/** The file's text, or undefined when it is not text or too large; an unreadable file is not text. */
function text(root: string, path: Buffer): string | undefined {
  const opened = openBeneath(root, path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (!opened.ok) return undefined;
  try {
    const status = fstatSync(opened.value);
    if (!status.isFile() || status.size > MAX_TEXT_BYTES) return undefined;
    const bytes = Buffer.alloc(status.size);
    const size = readSync(opened.value, bytes, 0, bytes.length, 0);
    const read = bytes.subarray(0, size);
    return read.includes(0) ? undefined : new TextDecoder('utf-8', { fatal: true }).decode(read);
  } catch {
    return undefined;
  } finally {
    closeSync(opened.value);
  }
}
