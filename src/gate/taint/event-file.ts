import { pieceSpan } from '../repository/tree.ts';
import type { ShellCommand, ShellWord } from '../shell/script.ts';
import type { Site } from '../subject.ts';
import type { Following, Taint } from './value.ts';

const MAX_PATHS = 20;

/** What `jq` takes out of the file that holds the event: the fields that its filter names, `.comment.body`. */
export function eventFileTaint(taints: Following, command: ShellCommand, site: Site): readonly Taint[] {
  if (command.name !== 'jq') return [];
  const { words, readsFrom, pipedFrom } = command;
  const from = [
    ...words,
    ...readsFrom,
    ...(pipedFrom?.name === 'cat' ? [...pipedFrom.words, ...pipedFrom.readsFrom] : []),
  ];
  const text = taints.subject.scriptText(site);
  const filter = words.find(({ value }) => /^['"]?[.[{("\\]/.test(value));
  if (text === undefined || filter === undefined || !from.some(isEvent)) return [];
  const at = pieceSpan(site.file.source, text, command.text);
  // A whole object is taken apart elsewhere: of `.issue | .number` nobody’s words come.
  return [...filter.value.matchAll(/\.[A-Za-z_]\w{0,60}(?:\.[A-Za-z_]\w{0,60}){1,6}/g)]
    .slice(0, MAX_PATHS)
    .flatMap(([path]) =>
      taints.reference(['github', 'event', ...path.slice(1).toLowerCase().split('.')], site, at),
    );
}

function isEvent({ variables }: ShellWord): boolean {
  return variables.includes('GITHUB_EVENT_PATH') || variables.includes('env:GITHUB_EVENT_PATH');
}
