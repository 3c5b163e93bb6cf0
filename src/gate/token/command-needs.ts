import type { ShellCommand } from '../shell/script.ts';
import type { Level } from './action-needs.ts';
import { row } from '../known/row.ts';

interface Need {
  readonly scope: string;
  readonly level: Level;
}

const WRITES_BY_GH: Readonly<Record<string, readonly Need[]>> = {
  pr: [
    { scope: 'pull-requests', level: 'write' },
    { scope: 'contents', level: 'write' },
    { scope: 'issues', level: 'write' },
  ],
  issue: [{ scope: 'issues', level: 'write' }],
  label: [{ scope: 'issues', level: 'write' }],
  release: [{ scope: 'contents', level: 'write' }],
  run: [{ scope: 'actions', level: 'write' }],
  workflow: [{ scope: 'actions', level: 'write' }],
  cache: [{ scope: 'actions', level: 'write' }],
  attestation: [{ scope: 'attestations', level: 'read' }],
};
/** Programs that do not use a token, whatever they are given. */
const PLAIN = new Set(
  `echo printf cat cd pwd ls mkdir rm cp mv touch chmod test [ true false exit set export local unset read shift return
  head tail sort uniq wc cut tr sed awk grep tee date sleep basename dirname diff find tar gzip gunzip zip unzip sha256sum
  jq which uname id df du free`.split(/\s+/),
);

/** What a command uses of the job's token; undefined: it runs other programs, which may use all of it. */
export function commandNeeds({ name, words }: ShellCommand): readonly Need[] | undefined {
  if (name === '' || PLAIN.has(name)) return [];
  const values = words.map(({ value }) => value).filter((value) => !value.startsWith('-'));
  if (name === 'git')
    return values.includes('push')
      ? [{ scope: 'contents', level: 'write' }]
      : [{ scope: 'contents', level: 'read' }];
  if (name === 'gh') return row(WRITES_BY_GH, values[0] ?? '');
  if (name === 'cosign')
    return [
      { scope: 'id-token', level: 'write' },
      { scope: 'packages', level: 'write' },
    ];
  return undefined;
}
