import type { Applied, Change, LeftOut } from '../../sandbox/index.ts';
import { shownPath } from '../../sandbox/index.ts';
import type { Style } from './style.ts';

const MAX_SHOWN = 40;

/** `2 added, 1 modified` */
export function countChanges(changes: {
  readonly added: number;
  readonly modified: number;
  readonly deleted: number;
}): string {
  const words = (['added', 'modified', 'deleted'] as const).flatMap((kind) =>
    changes[kind] === 0 ? [] : `${changes[kind]} ${kind}`,
  );
  return words.join(', ') || 'nothing changed';
}

/** One line for each change. */
export function renderChanges(changes: readonly Change[], style: Style): string {
  return changes
    .map(({ kind, type, path }) => {
      const mark = kind === 'added' ? style.good('+') : kind === 'deleted' ? style.bad('-') : style.note('~');
      return `${mark} ${shownPath(path)}${type === 'folder' ? '/' : type === 'link' ? ' (link)' : type === 'other' ? ' (special)' : ''}\n`;
    })
    .join('');
}

/** What was done, and each thing that was not with its reason and what would do it. */
export function renderApplied(applied: Applied, style: Style, run: string): string {
  const lines = [
    `applied ${applied.applied.length}${applied.already.length > 0 ? `, ${applied.already.length} were so already` : ''}, left out ${applied.leftOut.length}\n`,
  ];
  for (const { path, because, why } of applied.leftOut.slice(0, MAX_SHOWN)) {
    const mark = because === 'rule' ? style.note('left out') : style.bad(because);
    lines.push(`  ${mark}  ${shownPath(path)}  ${style.faint(why)}\n`);
  }
  if (applied.leftOut.length > MAX_SHOWN) lines.push(`  … and ${applied.leftOut.length - MAX_SHOWN} more\n`);
  const named = applied.leftOut.find(({ because }) => because === 'rule');
  if (named !== undefined) {
    lines.push(
      `  to apply one, name it: cofferdam workspace apply ${run} --include ${quoted(shownPath(named.path))}\n`,
    );
  }
  return lines.join('');
}

function quoted(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** True when something could not be applied that no rule keeps out. */
export function hasConflicts(leftOut: readonly LeftOut[]): boolean {
  return leftOut.some(({ because }) => because !== 'rule');
}
