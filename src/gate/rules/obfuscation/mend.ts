import {
  expressionsIn,
  type Expression,
  type Text,
  type Tree,
  type YamlPath,
} from '../../../workflow/index.ts';
import type { MendPlan } from '../../fix/mend.ts';
import { isAt, sitesOf, stepPath } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import { expressionSpan } from '../../repository/tree.ts';
import type { Subject } from '../../subject.ts';

/** The shortest path, and the text itself where an expression is nothing else. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  for (const site of sitesOf(subject, finding)) {
    const { uses } = site.step;
    if (uses !== undefined && isAt(uses.at, finding))
      return shortened(uses.text, [...stepPath(site), 'uses']);
  }
  const { workflows, actions } = subject.repository;
  const file = [...workflows, ...actions].find(({ source }) => source.path === finding.at.file);
  for (const { text, path } of file === undefined ? [] : placedTexts(file.tree, [])) {
    if (file === undefined || !text.text.includes('${{')) continue;
    for (const [index, source] of expressionsIn(text.text).entries()) {
      const { line, column } = expressionSpan(file.source, text, index);
      if (line !== finding.at.line || column !== finding.at.column) continue;
      const plain = textOf(subject.tree(source));
      const place = placeOf(text.text, index, source);
      return plain === undefined || place === undefined
        ? undefined
        : {
            title: 'write the text itself',
            safety: 'safe',
            operations: [{ kind: 'rewrite', path, pieces: [{ ...place, text: plain }] }],
          };
    }
  }
  return undefined;
}

/** What is told of an action by its name, and was not told of it by the other. */
const SEEN_THEN = [
  'archived-uses',
  'cache-poisoning',
  'call-inputs',
  'forbidden-uses',
  'known-vulnerable-actions',
  'lock-mismatch',
  'outdated-actions',
  'persisted-credentials',
  'superfluous-actions',
  'typosquatted-uses',
  'unpinned-tools',
  'unpinned-uses',
  'untrusted-checkout',
];

/** `./a/../b` is `./b`, and `actions/cache/././save@v5` is `actions/cache/save@v5`. What goes up above its beginning stays. */
function shortened(uses: string, path: YamlPath): MendPlan | undefined {
  const [name = '', ...ref] = uses.split('@');
  const local = name.startsWith('./');
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    // Of another repository, owner and name stay.
    else if (parts.length > (local ? 0 : 2)) parts.pop();
    else return undefined;
  }
  const short = [`${local ? './' : ''}${parts.join('/')}`, ...ref].join('@');
  return short === uses
    ? undefined
    : {
        title: `write ${short.slice(0, 120)}`,
        safety: 'safe',
        brings: SEEN_THEN,
        operations: [{ kind: 'rewrite', path, pieces: [{ start: 0, end: uses.length, text: short }] }],
      };
}

/** What an expression of constants is, as far as it can be written: no line breaks, and nothing that would be an expression again. */
function textOf(tree: Expression | undefined): string | undefined {
  const text = tree === undefined ? undefined : constantText(tree);
  return text !== undefined && /^[^{}$`"'\\\p{C}]{1,500}$/u.test(text) && text.trim() === text
    ? text
    : undefined;
}

function constantText(tree: Expression): string | undefined {
  if (tree.kind === 'literal') return typeof tree.value === 'string' ? tree.value : undefined;
  if (tree.kind !== 'call' || tree.name.toLowerCase() !== 'format') return undefined;
  const [form, ...values] = tree.arguments.map(constantText);
  // Doubled braces are left to a person.
  if (form === undefined || /\{\{|\}\}/.test(form)) return undefined;
  let whole = true;
  const text = form.replaceAll(/\{(\d{1,3})\}/g, (_, number: string) => {
    const value = values[Number(number)];
    whole &&= value !== undefined;
    return value ?? '';
  });
  return whole ? text : undefined;
}

function placeOf(
  text: string,
  index: number,
  source: string,
): { readonly start: number; readonly end: number } | undefined {
  let from = 0;
  for (let at = 0; at <= index; at += 1) {
    const start = text.indexOf('${{', from);
    const end = start === -1 ? -1 : text.indexOf('}}', start);
    if (end === -1) return undefined;
    if (at === index)
      return text.slice(start + 3, end).trim() === source.trim() ? { start, end: end + 2 } : undefined;
    from = end + 2;
  }
  return undefined;
}

function* placedTexts(
  tree: Tree,
  path: YamlPath,
): Iterable<{ readonly text: Text; readonly path: YamlPath }> {
  if (tree.kind === 'sequence') {
    for (const [index, item] of tree.items.entries()) yield* placedTexts(item, [...path, index]);
  } else if (tree.kind === 'mapping') {
    for (const { key, value } of tree.entries) yield* placedTexts(value, [...path, key]);
  } else if (tree.value !== null) yield { text: tree, path };
}
