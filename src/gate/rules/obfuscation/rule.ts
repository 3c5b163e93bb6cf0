import { expressionsIn, type Expression, type Text, writtenOutcome } from '../../../workflow/index.ts';
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
  looksAt: 'connected',
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
      if (tree.kind === 'literal' && !/[{}$]/.test(String(tree.value))) {
        count += 1;
        yield {
          at: expressionSpan(file.source, text, index),
          message: 'the expression holds nothing but a value that could be written',
          fix: 'write the value itself',
          severity: 'info',
          persona: 'pedantic',
        };
      } else if (choosesByValue(tree)) {
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

/** What of an expression is the same in every run and still computed. `fromJSON` is how lists are written. */
function constantPart(tree: Expression, whole: boolean): string | undefined {
  if (tree.kind === 'literal')
    return whole && typeof tree.value === 'string' && isObscure(tree.value)
      ? `the text ${JSON.stringify(tree.value.slice(0, 60))}`
      : undefined;
  if (tree.kind === 'name') return undefined;
  if (tree.kind === 'index')
    return tree.key === '*'
      ? constantPart(tree.of, false)
      : tree.key.kind === 'call' && writtenOutcome(tree.key) !== undefined
        ? 'the name of a property'
        : (constantPart(tree.of, false) ?? constantPart(tree.key, false));
  if (tree.kind === 'call' && tree.name.toLowerCase() === 'fromjson') return ofJson(tree.arguments[0]);
  if (writtenOutcome(tree) !== undefined)
    return tree.kind === 'call' ? `${tree.name} of constants` : 'a comparison of constants';
  const parts =
    tree.kind === 'call'
      ? tree.arguments
      : tree.kind === 'logical'
        ? tree.operands
        : tree.kind === 'not'
          ? [tree.of]
          : [tree.left, tree.right];
  return parts.map((part) => constantPart(part, false)).find((one) => one !== undefined);
}

function ofJson(argument: Expression | undefined): string | undefined {
  if (argument?.kind === 'call' && argument.name.toLowerCase() === 'tojson')
    return 'a value that is made a text and read again';
  // A list or an object can be written in no other way; a text or a number can.
  if (argument?.kind === 'literal')
    return typeof argument.value === 'string' && /^\s*[[{]/.test(argument.value)
      ? undefined
      : 'fromJSON of a constant';
  return argument === undefined ? undefined : constantPart(argument, false);
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

/** Braces are written so where they must stand as they are, and words of YAML to be texts. */
function isObscure(text: string): boolean {
  return !/[{}$]|^(?:|true|false|null|yes|no|on|off|[\d.]+)$/i.test(text);
}
