import type { Refusal } from '../../base/index.ts';
import {
  type Combination,
  type EvaluationWork,
  evaluateText,
  expandMatrix,
  isChosen,
  type Job,
  type MatrixChoice,
  type Step,
  valueAt,
} from '../../workflow/index.ts';
import { chooseNode, findNodes, type HostTool } from './host-tools.ts';

/**
 * What jobs ask of this machine that it lacks, known before the run: versions of Node.js that are written out or come from a
 * matrix of plain values. What a step computes, or an `if` may leave out, is decided when it is reached.
 */
export function missingTools(
  jobs: readonly Job[],
  choice: MatrixChoice,
  tools: readonly HostTool[],
  work: EvaluationWork,
): Refusal | undefined {
  const missing = new Map<string, Refusal>();
  let other: string | undefined;
  for (const job of jobs) {
    const combinations =
      job.matrix === undefined ? { ok: true as const, value: [{}] } : expandMatrix(job.matrix, {}, work);
    if (job.if !== undefined || !combinations.ok) continue;
    for (const step of job.steps.filter(isSetupNode)) {
      const asked = step.with.find((input) => input.name.toLowerCase() === 'node-version')?.value;
      if (asked === undefined || step.if !== undefined) continue;
      for (const matrix of combinations.value.filter((one) => isChosen(one, choice))) {
        if (work.isSpent) break;
        const version = evaluateText(asked, { matrix }, { work });
        if (!version.ok || version.value === '') continue;
        const tool = chooseNode(tools, version.value);
        if (!tool.ok) missing.set(version.value, { ...tool.error, where: asked.at });
        else other ??= leaving(asked.text, matrix);
      }
    }
  }
  const [first, ...more] = missing.values();
  if (first === undefined) return undefined;
  const also = [...missing.keys()].slice(1, MAX_TOLD).map((version) => JSON.stringify(version));
  return {
    ...first,
    why: also.length === 0 ? first.why : `${first.why}; none satisfies ${also.join(', ')} either`,
    fix:
      [first, ...more.slice(0, MAX_TOLD)].map(({ fix }) => fix).join(' && ') +
      (other === undefined ? '' : `, or leave it out: ${other}`),
  };
}

const MAX_TOLD = 20;

/** The option that runs only what a combination has for the name that a text is made of. */
function leaving(text: string, combination: Combination): string | undefined {
  const name = /^\$\{\{\s*matrix\.([\w.-]{1,100})\s*\}\}$/.exec(text)?.[1];
  const value = name === undefined ? undefined : valueAt(combination, name);
  return typeof value === 'string' || typeof value === 'number'
    ? `--matrix ${name}=${String(value)}`
    : undefined;
}

/** The versions of Node.js that jobs may use; none are looked for where no step asks for one. */
export function toolsFor(
  jobs: readonly Job[],
  outside: Readonly<Record<string, string | undefined>>,
): Promise<readonly HostTool[]> {
  const asks = jobs.some((job) => job.steps.some((step) => step.kind === 'action'));
  return asks ? findNodes(outside) : Promise.resolve([]);
}

function isSetupNode(step: Step): step is Extract<Step, { readonly kind: 'action' }> {
  if (step.kind !== 'action' || step.uses.kind !== 'repository') return false;
  const { owner, repository, path } = step.uses;
  return path === '' && `${owner}/${repository}`.toLowerCase() === 'actions/setup-node';
}
