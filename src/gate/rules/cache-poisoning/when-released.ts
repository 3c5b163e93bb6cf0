import type { Expression } from '../../../workflow/index.ts';

/** How a release is brought about: by the event of one, or by a push of a tag or of a branch. */
export interface Release {
  readonly event: 'release' | 'push';
  readonly ref: 'tag' | 'branch';
  /** Pushes of branches start it as well. */
  readonly among?: true;
}

/** What an expression gives in such a run; undefined where it hangs on anything else. */
export function whenReleased(tree: Expression, release: Release): boolean | string | undefined {
  switch (tree.kind) {
    case 'literal':
      return typeof tree.value === 'number' || tree.value === null ? undefined : tree.value;
    case 'index': {
      const name = nameOf(tree);
      if (name === 'github.event_name') return release.event;
      return name === 'github.ref_type' ? release.ref : undefined;
    }
    case 'not': {
      const of = whenReleased(tree.of, release);
      return of === undefined ? undefined : !truthy(of);
    }
    case 'logical': {
      const stop = tree.operator === '||';
      let unknown = false;
      let last: boolean | string | undefined;
      for (const one of tree.operands) {
        last = whenReleased(one, release);
        if (last === undefined) unknown = true;
        else if (truthy(last) === stop && !unknown) return last;
        // `a && false` is false whatever `a` is; which false, matters to nobody.
        else if (truthy(last) === stop) return stop;
      }
      return unknown ? undefined : last;
    }
    case 'compare': {
      if (tree.operator !== '==' && tree.operator !== '!=') return undefined;
      const left = whenReleased(tree.left, release);
      const right = whenReleased(tree.right, release);
      if (left === undefined || right === undefined) return undefined;
      const same = String(left).toLowerCase() === String(right).toLowerCase();
      return tree.operator === '==' ? same : !same;
    }
    case 'call': {
      const [of, with_] = tree.arguments;
      if (tree.name.toLowerCase() !== 'startswith' || of === undefined || with_?.kind !== 'literal')
        return undefined;
      const prefix = String(with_.value).toLowerCase();
      if (nameOf(of) !== 'github.ref' || !/^refs\/(?:tags|heads)\/?$/.test(prefix)) return undefined;
      return prefix.startsWith('refs/tags') === (release.ref === 'tag');
    }
    default:
      return undefined;
  }
}

function truthy(value: boolean | string): boolean {
  return value !== false && value !== '';
}

function nameOf(tree: Expression): string | undefined {
  if (tree.kind === 'name') return tree.name.toLowerCase();
  if (tree.kind !== 'index' || tree.key === '*' || tree.key.kind !== 'literal') return undefined;
  const of = nameOf(tree.of);
  return of === undefined ? undefined : `${of}.${String(tree.key.value).toLowerCase()}`;
}
