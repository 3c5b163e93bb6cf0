import type { Assignment, YamlPath } from '../../../workflow/index.ts';
import type { MendPlan } from '../../fix/mend.ts';
import { isAt, sitesOf, stepPath } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import type { StepPart } from '../../repository/model.ts';
import type { Subject } from '../../subject.ts';

interface Place {
  readonly path: YamlPath;
  readonly env: readonly Assignment[];
  /** The steps for which it holds. */
  readonly steps: readonly StepPart[];
}

export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  for (const { path, env, steps } of places(subject, finding)) {
    const found = env.find(
      ({ name, value }) =>
        name.toUpperCase() === 'ACTIONS_ALLOW_UNSECURE_COMMANDS' && isAt(value.at, finding),
    );
    if (found === undefined) continue;
    // What an action prints is not in the files.
    const unused = steps.every(
      ({ run, uses }) => uses === undefined && !/::(?:set-env|add-path)\b/.test(run?.text ?? ''),
    );
    return {
      title: 'remove the variable',
      safety: unused ? 'safe' : 'unsafe',
      operations: [{ kind: 'remove', path: [...path, 'env', found.name] }],
    };
  }
  return undefined;
}

function places(subject: Subject, finding: Finding): readonly Place[] {
  const steps = sitesOf(subject, finding).map((site) => ({
    path: stepPath(site),
    env: site.step.env,
    steps: [site.step],
  }));
  const file = subject.repository.workflows.find(({ source }) => source.path === finding.at.file);
  if (file === undefined) return steps;
  const jobs = file.jobs.map((job) => ({ path: ['jobs', job.id], env: job.env, steps: job.steps }));
  return [{ path: [], env: file.env, steps: file.jobs.flatMap((job) => job.steps) }, ...jobs, ...steps];
}
