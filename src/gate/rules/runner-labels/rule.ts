import type { Found } from '../../finding.ts';
import { labelState, systemOf } from '../../known/runner-labels.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import { labelsOf } from '../../runners/job-labels.ts';
import type { Subject } from '../../subject.ts';
import type { Text } from '../../../workflow/index.ts';

export const rule: Rule = {
  id: 'runner-labels',
  title: 'No machine has the labels that a job asks for',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/runner-label'],
  check,
};

type Wrong = Pick<Found, 'message' | 'fix' | 'severity' | 'confidence' | 'persona'>;

function* check({ repository }: Subject): Iterable<Found> {
  for (const { source, jobs } of repository.workflows)
    for (const job of jobs) {
      const hosted = job.runnerGroup === undefined;
      for (const set of labelsOf(job).sets) {
        const own = !hosted || set.some(({ text }) => text.toLowerCase() === 'self-hosted');
        const conflict = hosted ? conflicting(set) : undefined;
        for (const label of set) {
          const wrong = label === conflict ? conflictWith(set, label) : own ? undefined : judged(label.text);
          if (wrong !== undefined)
            yield { at: spanOf(source, label.at, label.text.length), job: job.id, ...wrong };
        }
      }
    }
}

function judged(label: string): Wrong | undefined {
  const state = labelState(label);
  const name = JSON.stringify(label.slice(0, 80));
  switch (state.kind) {
    case 'known':
    case 'own':
      return undefined;
    case 'removed':
      return {
        message: `GitHub took the machines of ${name} away on ${state.since}: the job waits until it is cancelled`,
        fix: 'use a label of a newer image',
      };
    case 'unknown':
      return { message: `${name} is no label of GitHub’s machines`, fix: 'correct it', confidence: 'medium' };
    case 'custom':
      return {
        message: `${name} is no label of GitHub’s machines: only a machine of one’s own or a larger runner can have it`,
        fix: 'see that there is such a machine',
        severity: 'info',
        confidence: 'low',
        persona: 'auditor',
      };
  }
}

/** The first label that no machine has together with one before it. */
function conflicting(set: readonly Text[]): Text | undefined {
  return set.find((label, index) => {
    const system = systemOf(label.text);
    return (
      system !== undefined &&
      set.slice(0, index).some(({ text }) => {
        const other = systemOf(text);
        const bothHosted = labelState(text).kind === 'known' && labelState(label.text).kind === 'known';
        return other !== undefined && (other !== system || (bothHosted && text !== label.text));
      })
    );
  });
}

function conflictWith(set: readonly Text[], label: Text): Wrong {
  const other = set.find(({ text }) => systemOf(text) !== undefined && text !== label.text)?.text ?? '';
  return {
    message: `no machine is both ${JSON.stringify(other)} and ${JSON.stringify(label.text)}: a job runs on one that has all labels`,
    fix: 'use a matrix to run on each',
  };
}
