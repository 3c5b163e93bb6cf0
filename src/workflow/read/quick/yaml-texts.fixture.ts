import fc from 'fast-check';
import { BEGINNINGS, CALM, COMMENTS, ENDINGS, HEADERS, QUOTED, WORDS } from './yaml-words.fixture.ts';

/** Texts that read like YAML, most of it sound, much of it odd: what a reader may take for something else than it is. */

/** Seldom what is odd. */
function mostly<T>(often: T, ...seldom: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(often) },
    { weight: 1, arbitrary: fc.constantFrom(...seldom) },
  );
}

const comment = mostly<string>('', ...COMMENTS);
const headers = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('|', '>', '|-', '|+', '>-', '>+') },
  { weight: 1, arbitrary: fc.constantFrom(...HEADERS) },
);

const word = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...CALM) },
  { weight: 3, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 2, arbitrary: fc.constantFrom(...QUOTED) },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: fc.constantFrom(...' \t:#-?,[]{}&*!|>\'"%@`\\\n.a1~<='), maxLength: 8 }),
  },
);
const plainKey = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('a', 'b', 'on', 'key', 'run', 'with', 'long key', 'x-y', '1', 'true'),
  },
  { weight: 1, arbitrary: word },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom('k', ' '), minLength: 990, maxLength: 1_040 }) },
);
const blank = mostly('', ' ', '   ', '      ', '\t', ' \t', '# c', '  # c', '      # c');

const fillers = fc.oneof(
  { weight: 5, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(blank, { maxLength: 2 }) },
);

interface Frame {
  readonly indent: number;
  readonly depth: number;
}

/** Lines below each other, as they are before a mistake is put in. */
function node({ indent, depth }: Frame): fc.Arbitrary<readonly string[]> {
  const pad = ' '.repeat(indent);
  if (depth === 0) return word.map((text) => [pad + text]);
  const further = fc.constantFrom(1, 2, 2, 2, 4);
  const inline = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(word, comment).map(([text, rest]) => [` ${text}${rest}`]),
    },
    { weight: 1, arbitrary: comment.map((rest) => [rest]) },
    { weight: 2, arbitrary: blockLines(indent) },
    { weight: 2, arbitrary: manyLines(indent) },
    { weight: 2, arbitrary: flowText(2, indent).map((text) => [` ${text}`]) },
  );
  const below = fc.oneof(
    { weight: 4, arbitrary: further.chain((more) => node({ indent: indent + more, depth: depth - 1 })) },
    { weight: 1, arbitrary: sequence(indent, depth - 1) },
  );
  const value = fc.oneof(
    { weight: 3, arbitrary: inline },
    {
      weight: 2,
      arbitrary: fc.tuple(comment, below).map(([rest, lines]) => [rest, ...lines]),
    },
  );
  const entry = fc.tuple(plainKey, fc.constantFrom('', '', '', '', ' ', '  '), value);
  const mapping = fc
    .tuple(fc.array(fc.tuple(fillers, entry), { minLength: 1, maxLength: 4 }), fc.nat(19))
    .map(([entries, same]) =>
      entries.flatMap(([before, [key, gap, [first = '', ...rest]]], index) => [
        ...before,
        // Seldom without a number of its own: a key may not be there twice.
        `${pad}${key}${same === 0 || /["']/.test(key) ? '' : index}${gap}:${first}`,
        ...rest,
      ]),
    );
  return fc.oneof(
    { weight: 5, arbitrary: mapping },
    { weight: 2, arbitrary: sequence(indent, depth) },
    { weight: indent === 0 ? 0 : 1, arbitrary: word.map((text) => [pad + text]) },
    { weight: 1, arbitrary: flowText(2, indent).map((text) => [pad + text]) },
  );
}

function sequence(indent: number, depth: number): fc.Arbitrary<readonly string[]> {
  const pad = ' '.repeat(indent);
  const gap = fc.constantFrom(1, 1, 1, 1, 2, 3);
  const item = fc.oneof(
    {
      weight: 4,
      arbitrary: gap.chain((wide) =>
        node({ indent: indent + 1 + wide, depth: Math.max(0, depth - 1) }).map(([first = '', ...rest]) => [
          `${pad}-${' '.repeat(wide)}${first.slice(indent + 1 + wide)}`,
          ...rest,
        ]),
      ),
    },
    { weight: 1, arbitrary: comment.map((rest) => [`${pad}-${rest}`]) },
    { weight: 1, arbitrary: blockLines(indent).map(([first = '', ...rest]) => [`${pad}-${first}`, ...rest]) },
    { weight: 1, arbitrary: manyLines(indent).map(([first = '', ...rest]) => [`${pad}-${first}`, ...rest]) },
  );
  return fc.array(spaced(item), { minLength: 1, maxLength: 3 }).map((all) => all.flat());
}

/** Something, with lines that say nothing before it. */
function spaced(lines: fc.Arbitrary<readonly string[]>): fc.Arbitrary<readonly string[]> {
  return fc.tuple(fillers, lines).map(([before, own]) => [...before, ...own]);
}

/** A block scalar in a collection at `indent`, its header first. */
function blockLines(indent: number): fc.Arbitrary<readonly string[]> {
  const spaces = mostly(indent + 2, indent + 1, indent + 3, indent + 4, indent, 0);
  const line = fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(spaces, fc.oneof(word, fc.constantFrom('text', '# no', '\ttab', 'a: b', '---', 'x  ')))
        .map(([wide, text]) => ' '.repeat(wide) + text),
    },
    { weight: 2, arbitrary: spaces.map((wide) => ' '.repeat(wide)) },
    { weight: 2, arbitrary: fc.constant('') },
  );
  return fc
    .tuple(headers, comment, fc.array(line, { maxLength: 5 }))
    .map(([header, rest, lines]) => [` ${header}${rest}`, ...lines]);
}

/** A plain or quoted scalar over several lines. */
function manyLines(indent: number): fc.Arbitrary<readonly string[]> {
  const quote = fc.constantFrom('', '', '"', "'");
  const part = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('text', 'more text ', 'v1.2', '- a', '') },
    { weight: 1, arbitrary: fc.constantFrom('# no', "it''s", '\\', 'a \\', 'a: b', '\\n', '"', '  ') },
    { weight: 1, arbitrary: word },
  );
  const wide = mostly(indent + 2, indent + 1, indent + 3, indent, 0);
  return fc
    .tuple(quote, part, fc.array(fc.tuple(wide, part), { minLength: 1, maxLength: 4 }))
    .map(([mark, first, rest]) => {
      const lines = [` ${mark}${first}`, ...rest.map(([spaces, text]) => ' '.repeat(spaces) + text)];
      return [...lines.slice(0, -1), `${lines.at(-1) ?? ''}${mark}`];
    });
}

function flowText(depth: number, indent: number): fc.Arbitrary<string> {
  const gap = fc.oneof(
    { weight: 16, arbitrary: fc.constantFrom('', ' ', '  ') },
    {
      weight: 4,
      arbitrary: fc.constantFrom(`\n${' '.repeat(indent + 2)}`, ` # c\n${' '.repeat(indent + 2)}`),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '\n',
        `\n${' '.repeat(indent)}`,
        `\n${' '.repeat(indent + 1)}`,
        '\t',
        '#c\n',
        '\n#c\n',
        '\n # c\n  ',
      ),
    },
  );
  const scalar = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom('a', 'b c', '1', 'true', '"q"', "'s'", '""', 'x:y', 'http://a', '~'),
    },
    { weight: 1, arbitrary: word },
    { weight: 1, arbitrary: fc.constant('') },
  );
  const inner =
    depth === 0
      ? scalar
      : fc.oneof({ weight: 3, arbitrary: scalar }, { weight: 1, arbitrary: flowText(depth - 1, indent) });
  const pair = fc
    .tuple(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom('a', 'b', '"c"', 'd e', "'f'") },
        { weight: 1, arbitrary: inner },
      ),
      gap,
      fc.constantFrom(':', ': ', ':', ' :', ''),
      gap,
      inner,
    )
    .map(([key, before, colon, after, value]) => key + before + colon + after + value);
  const list = (of: fc.Arbitrary<string>) =>
    fc
      .tuple(fc.array(fc.tuple(gap, of, gap), { maxLength: 4 }), gap, fc.constantFrom('', '', '', ',', ', '))
      .map(
        ([all, last, comma]) =>
          all.map(([before, text, after]) => before + text + after).join(',') + comma + last,
      );
  return fc.oneof(
    { weight: 4, arbitrary: list(inner).map((text) => `[${text}]`) },
    { weight: 4, arbitrary: list(pair).map((text) => `{${text}}`) },
    { weight: 1, arbitrary: list(pair).map((text) => `[${text}]`) },
    { weight: 1, arbitrary: list(inner).map((text) => `{${text}`) },
  );
}

/** Whole documents made by the grammar, with now and then what does not belong there. */
export const documents: fc.Arbitrary<string> = fc
  .tuple(
    mostly<string>('', ...BEGINNINGS),
    node({ indent: 0, depth: 4 }),
    mostly<string>('\n', ...ENDINGS),
    mostly('\n', '\r\n', '\r\n', '\r\n', '\r'),
  )
  .map(([before, lines, after, eol]) => {
    const text = before + lines.join('\n') + after;
    return eol === '\n' ? text : text.replaceAll('\n', eol);
  });

/** Documents in which something was changed in a few places: a piece left out, doubled, moved, or something odd put in. */
export const damaged: fc.Arbitrary<string> = fc
  .tuple(
    documents,
    fc.array(fc.tuple(fc.nat(), fc.nat(12), word, fc.nat(4)), { minLength: 1, maxLength: 3 }),
    documents,
  )
  .map(([text, changes, other]) => {
    let changed = text;
    for (const [where, length, odd, kind] of changes) {
      const at = where % (changed.length + 1);
      const [before, piece, after] = [
        changed.slice(0, at),
        changed.slice(at, at + length),
        changed.slice(at + length),
      ];
      if (kind === 0) changed = before + after;
      else if (kind === 1) changed = before + piece + piece + after;
      else if (kind === 2) changed = before + odd + piece + after;
      else if (kind === 3) changed = `${before}\n${' '.repeat(length)}${piece}${after}`;
      else changed = before + other.slice(where % (other.length + 1));
    }
    return changed;
  });

/** Nothing but the characters that YAML means something by. */
export const noise: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(...' \n\t:#-?,[]{}&*!|>\'"%@`\\ab1.~<\r+', ': ', '\n  ', '\n- ', 'a: '),
  maxLength: 60,
});
