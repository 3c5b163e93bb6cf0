import { type RecordEvent, visible } from '../../audit/index.ts';

const MOST_NAMED = 10;

/** What came of a change of the operator's file while jobs run, for whoever changed it and looks whether it holds. */
export function reloadedText(event: Extract<RecordEvent, { readonly type: 'policy.reloaded' }>): string {
  const { path, job, refused, closed = [], notGiven = [], connections = 0 } = event;
  const whose = job === undefined ? '' : `job ${visible(job)}: `;
  const file = visible(path);
  if (refused !== undefined)
    return `cofferdam: ${whose}${file} was changed, and nothing came of it: ${visible(refused)}\n  fix: correct it; what was in force still is\n`;
  const ended = connections === 0 ? '' : `, ${connections} connection${connections === 1 ? '' : 's'} ended`;
  const narrowed = closed.length === 0 ? '' : `cofferdam: ${whose}${file} closes ${names(closed)}${ended}\n`;
  const ignored =
    notGiven.length === 0
      ? ''
      : `cofferdam: ${whose}${file} allows more, and a running job is given no more: ${names(notGiven)} waits for the next run\n`;
  return narrowed + ignored;
}

function names(list: readonly string[]): string {
  const shown = list.slice(0, MOST_NAMED).map((one) => visible(one, 200));
  return `${shown.join(', ')}${list.length > MOST_NAMED ? ` and ${list.length - MOST_NAMED} more` : ''}`;
}
