import { expressionsIn, type Expression, type Text } from '../../../workflow/index.ts';
import type { Found } from '../../finding.ts';
import type { ActionFile, Source, WorkflowFile } from '../../repository/model.ts';
import { expressionSpan, spanAt, spanOf, textsIn } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'obfuscation',
  title: 'A file hides what it does',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  guide: ['§2', '§7'],
  alsoKnownAs: ['zizmor/obfuscation'],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  const { workflows, actions, dependabot, policies } = subject.repository;
  for (const { source } of [...workflows, ...actions, ...dependabot, ...policies]) yield* hidden(source);
  for (const { file, job, step } of subject.sites) {
    const why = step.uses === undefined ? undefined : oddPath(step.uses.text);
    if (step.uses !== undefined && why !== undefined)
      yield {
        at: spanOf(file.source, step.uses.at, step.uses.text.length),
        message: why,
        fix: 'write the shortest path',
        // A local action of a second checkout beside the workspace can be named in no other way.
        ...(step.uses.text.startsWith('./../') && { severity: 'low' }),
        ...(job !== undefined && { job: job.id }),
      };
  }
  for (const file of [...workflows, ...actions])
    for (const text of textsIn(file.tree))
      if (text.text.includes('${{')) yield* computed(subject, file, text);
}

const MAX_HIDDEN = 50;
/** Selectors of variants beside those of emoji: each can carry a byte, and none is shown. */
const CARRIER = /(?![\ufe0e\ufe0f])\p{Variation_Selector}/gu;

function* hidden(source: Source): Iterable<Found> {
  let line = 0;
  let count = 0;
  for (const match of source.text.matchAll(CARRIER)) {
    if (count >= MAX_HIDDEN) return;
    const at = spanAt(source, match.index, 1);
    if (at.line === line) continue;
    line = at.line;
    count += 1;
    const code = (match[0].codePointAt(0) ?? 0).toString(16).toUpperCase();
    yield {
      at,
      message: `U+${code} is not shown, and may carry a byte of something that is put together elsewhere`,
      fix: 'take the character out',
      severity: 'high',
    };
  }
}

function oddPath(uses: string): string | undefined {
  if (uses.startsWith('docker://') || uses.includes('${{')) return undefined;
  const [path = ''] = uses.split('@', 1);
  const parts = path.split('/').slice(path.startsWith('./') ? 1 : 0);
  if (parts.includes('..')) return `${JSON.stringify(uses.slice(0, 120))} goes up again in its path`;
  // `owner/name/@ref`: GitHub takes it.
  if (parts.includes('.') || parts.slice(0, -1).includes('') || (uses.includes('@') && path.endsWith('/')))
    return `${JSON.stringify(uses.slice(0, 120))} has parts in its path that change nothing`;
  return undefined;
}

function* computed(subject: Subject, file: WorkflowFile | ActionFile, text: Text): Iterable<Found> {
  let count = 0;
  for (const [index, source] of expressionsIn(text.text).entries()) {
    if (count >= MAX_HIDDEN) return;
    const tree = subject.tree(source);
    if (tree === undefined) continue;
    const constant = constantPart(tree, true);
    if (constant === undefined) {
      if (choosesByValue(tree)) {
        count += 1;
        yield {
          at: expressionSpan(file.source, text, index),
          message:
            'the name of a property is computed: what the expression holds is seen by nobody who reads the file',
          fix: 'name the property, or choose with case()',
          severity: 'info',
          persona: 'pedantic',
        };
      }
      continue;
    }
    count += 1;
    yield {
      at: expressionSpan(file.source, text, index),
      message: `the expression computes what could be written: ${constant}`,
      fix: 'write the value itself',
      severity: 'low',
    };
  }
}

/** Calls that make a text from texts; `fromJSON` is how lists are written. */
const MAKES_TEXT = new Set(['format', 'join', 'tojson']);

/** What of an expression is the same in every run and still computed. Braces are written so where they must stand as they are. */
function constantPart(tree: Expression, whole: boolean): string | undefined {
  switch (tree.kind) {
    case 'literal':
      return whole && typeof tree.value === 'string' && isObscure(tree.value)
        ? `the text ${JSON.stringify(tree.value.slice(0, 60))}`
        : undefined;
    case 'call': {
      const plain = tree.arguments.length > 0 && tree.arguments.every((one) => isConstant(one));
      if (plain && MAKES_TEXT.has(tree.name.toLowerCase())) return `${tree.name} of constants`;
      const [only] = tree.arguments;
      if (
        tree.name.toLowerCase() === 'fromjson' &&
        only?.kind === 'call' &&
        only.name.toLowerCase() === 'tojson'
      )
        return 'a value that is made a text and read again';
      return firstOf(tree.arguments);
    }
    case 'index': {
      if (tree.key !== '*' && tree.key.kind === 'call' && isConstant(tree.key))
        return 'the name of a property';
      return constantPart(tree.of, false) ?? (tree.key === '*' ? undefined : constantPart(tree.key, false));
    }
    case 'not':
      return constantPart(tree.of, false);
    case 'logical':
      return firstOf(tree.operands);
    case 'compare':
      return isConstant(tree.left) && isConstant(tree.right)
        ? 'a comparison of constants'
        : firstOf([tree.left, tree.right]);
    default:
      return undefined;
  }
}

/** Whether it takes a property by a name that another value holds: `secrets[matrix.name]`. */
function choosesByValue(tree: Expression): boolean {
  switch (tree.kind) {
    case 'index':
      return (
        choosesByValue(tree.of) ||
        (tree.key !== '*' && (tree.key.kind !== 'literal' || choosesByValue(tree.key)))
      );
    case 'call':
      return tree.arguments.some(choosesByValue);
    case 'not':
      return choosesByValue(tree.of);
    case 'logical':
      return tree.operands.some(choosesByValue);
    case 'compare':
      return choosesByValue(tree.left) || choosesByValue(tree.right);
    default:
      return false;
  }
}

function firstOf(parts: readonly Expression[]): string | undefined {
  return parts.map((part) => constantPart(part, false)).find((one) => one !== undefined);
}

function isConstant(tree: Expression): boolean {
  if (tree.kind === 'literal') return true;
  return (
    tree.kind === 'call' &&
    MAKES_TEXT.has(tree.name.toLowerCase()) &&
    tree.arguments.every((one) => isConstant(one))
  );
}

/** Braces are written so where they must stand as they are, and words of YAML to be texts. */
function isObscure(text: string): boolean {
  return !/[{}$]|^(?:|true|false|null|yes|no|on|off|[\d.]+)$/i.test(text);
}
