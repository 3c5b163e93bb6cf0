import type { Expression, Text } from '../../workflow/index.ts';
import type { Scope, Subject } from '../subject.ts';
import { allReferences } from './references.ts';

/**
 * Whether a job or a step runs only for pull requests from this very repository: its condition compares the head's repository with it, or
 * asks that the head is no fork, and nothing beside that lets others in (`||`).
 */
export function onlyOwnHead(subject: Subject, { job, step }: Scope): boolean {
  return [job?.if, step?.if].some((text) => text !== undefined && demandsOwnHead(subject, text));
}

function demandsOwnHead(subject: Subject, text: Text): boolean {
  const tree = subject.condition(text);
  return tree !== undefined && demands(tree);
}

const HEAD = /^github\.event\.pull_request\.head\.repo\.(?:full_name|id|node_id)$/;
const OWN =
  /^github\.(?:repository|repository_id|event\.repository\.(?:full_name|id|node_id)|event\.pull_request\.base\.repo\.(?:full_name|id|node_id))$/;
const FORK = 'github.event.pull_request.head.repo.fork';

function demands(tree: Expression): boolean {
  switch (tree.kind) {
    case 'logical':
      return tree.operator === '&&' ? tree.operands.some(demands) : tree.operands.every(demands);
    case 'not':
      return names(tree.of).includes(FORK) && tree.of.kind === 'index';
    case 'compare': {
      if (tree.operator !== '==') return false;
      const sides = [names(tree.left), names(tree.right)];
      if (sides.some((one) => one.includes(FORK)))
        return [tree.left, tree.right].some((side) => side.kind === 'literal' && side.value === false);
      return (
        sides.some((one) => one.some((name) => HEAD.test(name))) &&
        sides.some((one) => one.some((name) => OWN.test(name)))
      );
    }
    default:
      return false;
  }
}

function names(tree: Expression): readonly string[] {
  return allReferences(tree).map((one) => one.join('.'));
}
