import type { Expression } from '../../workflow/index.ts';
import type { Site, Subject } from '../subject.ts';
import { allReferences } from '../taint/references.ts';
import { systemsOf } from './job-labels.ts';

/**
 * Whether a step runs on Windows alone, where PowerShell is the shell when none is named: by the labels of its job, or, where they are of
 * several systems, by its condition, or by a script that is none of Bash's.
 */
export function runsOnWindows(subject: Subject, { job, step }: Site): boolean {
  if (job === undefined) return false;
  const windows = job.runsOn.some(({ text }) => text.toLowerCase().startsWith('windows'));
  if (windows) return true;
  if (!job.runsOn.some(({ text }) => text.includes('${{') || /windows/i.test(text))) return false;
  const systems = systemsOf(job);
  if (systems !== undefined) {
    if (!systems.has('Windows')) return false;
    if (systems.size === 1) return true;
  }
  const tree = step.if === undefined ? undefined : subject.condition(step.if);
  return (tree !== undefined && asksForWindows(tree)) || /\$env:\w/i.test(step.run?.text ?? '');
}

/** `runner.os == 'Windows'`, `startsWith(matrix.os, 'windows')` and their kin, and nothing that lets others in. */
function asksForWindows(tree: Expression): boolean {
  switch (tree.kind) {
    case 'logical':
      return tree.operator === '&&'
        ? tree.operands.some(asksForWindows)
        : tree.operands.every(asksForWindows);
    case 'compare':
      return (
        tree.operator === '==' &&
        [tree.left, tree.right].some(isWindows) &&
        namesSystem([tree.left, tree.right])
      );
    case 'call':
      return (
        /^(?:startswith|contains)$/i.test(tree.name) &&
        tree.arguments.some(isWindows) &&
        namesSystem(tree.arguments)
      );
    default:
      return false;
  }
}

function isWindows(tree: Expression): boolean {
  return tree.kind === 'literal' && typeof tree.value === 'string' && /^win(?:dows|32|64)?/i.test(tree.value);
}

function namesSystem(trees: readonly Expression[]): boolean {
  return trees.some((tree) =>
    allReferences(tree).some(([context]) => context === 'matrix' || context === 'runner'),
  );
}
