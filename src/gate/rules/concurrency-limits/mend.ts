import type { MendPlan } from '../../fix/mend.ts';
import { workflowOfFinding } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import { entryOf } from '../../repository/tree.ts';
import type { Subject } from '../../subject.ts';

export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const file = workflowOfFinding(subject, finding.at);
  if (file === undefined) return undefined;
  const own = entryOf(file.tree, 'concurrency')?.value;
  if (own === undefined)
    return {
      title: 'let one run at a time go on, and end those of a pull request that are overtaken',
      safety: 'unsafe',
      operations: [
        {
          kind: 'set',
          path: ['concurrency'],
          value: {
            group: `${'${{'} github.workflow }}-${'${{'} github.ref }}`,
            'cancel-in-progress': `${'${{'} startsWith(github.event_name, 'pull_request') }}`,
          },
          after: ['permissions', 'on', 'run-name', 'name'],
        },
      ],
    };
  // Without a word on it a run goes on: to say so changes nothing.
  const path = own.kind === 'mapping' ? ['concurrency', 'cancel-in-progress'] : ['concurrency'];
  if (own.kind === 'sequence') return undefined;
  return {
    title: 'say that a run goes on, as it does',
    safety: 'safe',
    operations: [
      {
        kind: 'set',
        path,
        value: own.kind === 'mapping' ? false : { group: own.text, 'cancel-in-progress': false },
      },
    ],
  };
}
