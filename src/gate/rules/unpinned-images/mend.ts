import type { YamlPath } from '../../../workflow/index.ts';
import type { MendPlan } from '../../fix/mend.ts';
import { isAt, jobOfFinding } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import { entriesOf, textOf, valueOf } from '../../repository/tree.ts';
import type { Subject } from '../../subject.ts';

/** Names the digest that the lock has beside the tag; nothing is asked of the network. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const job = jobOfFinding(subject, finding)?.job;
  if (job === undefined) return undefined;
  const places = [
    { path: ['container'], tree: valueOf(job.tree, 'container') },
    ...entriesOf(valueOf(job.tree, 'services')).map(({ key, value }) => ({
      path: ['services', key],
      tree: value,
    })),
  ];
  for (const { path, tree } of places) {
    const whole = textOf(tree);
    const image = whole ?? textOf(valueOf(tree, 'image'));
    if (image === undefined || !isAt(image.at, finding)) continue;
    const digest = subject.repository.locks.own?.images.get(image.text);
    if (digest === undefined) return undefined;
    const at: YamlPath = ['jobs', job.id, ...path, ...(whole === undefined ? ['image'] : [])];
    const end = image.text.length;
    return {
      title: `name the digest that the lock has for ${image.text.slice(0, 200)}, and run cofferdam lock again`,
      safety: 'safe',
      brings: ['lock-mismatch'],
      operations: [
        {
          kind: 'rewrite',
          path: at,
          pieces: [{ start: end - 1, end, text: `${image.text.slice(-1)}@${digest}` }],
        },
      ],
    };
  }
  return undefined;
}
