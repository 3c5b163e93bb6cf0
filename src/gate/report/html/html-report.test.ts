import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ok } from '../../../base/index.ts';
import { judge } from '../../check.ts';
import { mendsOf } from '../../fix/mends.ts';
import { readRepository } from '../../repository/read-repository.ts';
import { drawnReach, htmlReport, linesOf } from './html-report.ts';

async function page(text: string, name = 'a.yml'): Promise<string> {
  const file = { path: `.github/workflows/${name}`, kind: 'workflow' as const, read: ok(Buffer.from(text)) };
  const { findings, subject, files } = judge(await readRepository([file]));
  const mends = await mendsOf(subject, findings);
  const sources = [...subject.repository.workflows].map(({ source }) => source);
  const lineOf = linesOf((path) => sources.find((source) => source.path === path));
  const parts = { picture: drawnReach(subject), lineOf, files, mends, version: '1.0.0' };
  return htmlReport({ findings, suppressed: [] }, parts);
}

const workflow = (hostile: string): string => {
  const text = JSON.stringify(hostile);
  return `on: pull_request_target
name: ${text}
jobs:
  ${text}:
    name: ${text}
    runs-on: ubuntu-latest
    steps:
      - name: ${text}
        uses: actions/checkout@v4
        with: { ref: '\${{ github.head_ref }}' }
      - run: ${JSON.stringify(`echo "\${{ github.event.pull_request.title }}" ${hostile}`)}
        env: { T: '\${{ secrets.TOKEN }}' }
      - uses: ${JSON.stringify(`o/r@${hostile}`)}
`;
};

const TAGS = new Set(
  `html head meta title style body a header h1 p fieldset legend label input b main section h2 ul li span figure div svg path g rect
  text figcaption details summary article h3 pre code mark strong ol ins del table thead tbody tr th td footer`.split(
    /\s+/,
  ),
);

/** What a browser would take for tags, with their attributes; the text of the style apart. */
function tagsIn(html: string): readonly { readonly name: string; readonly attributes: string }[] {
  return [
    ...html
      .replace(/<style>.*<\/style>/s, '<style></style>')
      .matchAll(/<\/?([a-zA-Z!][^\s>/]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/g),
  ]
    .map(([, name = '', attributes = '']) => ({ name, attributes }))
    .filter(({ name }) => name !== '!doctype');
}

it('holds no script, no link out and no element that is not its own, whatever the files say', async () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '"',
    "'",
    '&',
    '<script>',
    '</style>',
    '<img src=x onerror=a()>',
    '-->',
    ']]>',
    'javascript:',
    '\u202e',
    '\u001b[1m',
    '${{',
    '&lt;',
    ' ',
    'x',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
      const html = await page(
        workflow(pieces.join('')),
        `${pieces.slice(0, 3).join('').replaceAll('/', '')}.yml`,
      );
      const tags = tagsIn(html);
      expect(tags.length).toBeGreaterThan(20);
      expect(tags.filter(({ name }) => !TAGS.has(name))).toEqual([]);
      expect(
        tags.filter(({ attributes }) =>
          /\s(?:on\w+|style|src)\s*=/i.test(attributes.replaceAll(/"[^"]*"/g, '""')),
        ),
      ).toEqual([]);
      expect(tags.filter(({ attributes }) => /href="(?!#)/.test(attributes))).toEqual([]);
      expect(html).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u001b]/);
      expect(html).not.toContain('<script');
    }),
    { numRuns: 60 },
  );
}, 60_000);

it('lets a browser load nothing: its policy has the digest of its style and nothing else', async () => {
  const html = await page(workflow('x'));
  const style = /<style>(.*)<\/style>/s.exec(html)?.[1] ?? '';
  const digest = createHash('sha256').update(style).digest('base64');
  expect(html).toContain(
    `content="default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'"`,
  );
  expect(style).not.toContain('url(');
});

it('has a place for every link, an id once, and a name for what it shows', async () => {
  const html = await page(workflow('x'));
  const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target] of html.matchAll(/(?:href="#|aria-labelledby=")([^"]+)"/g))
    expect(ids).toContain(target);
  expect(html).toContain('<html lang="en">');
  expect(html).toMatch(/<svg [^>]*role="img" aria-label=/);
});

it('shows a finding with its lines, its way and what would mend it, and a stranger\u2019s way to a secret in the picture', async () => {
  const html = await page(workflow('x'));
  expect(html).toContain('<mark>${{ github.event.pull_request.title }}</mark>');
  expect(html).toContain('The way, in ');
  expect(html).toContain('Can be mended: read it from the variable PULL_REQUEST_TITLE (safe)');
  expect(html).toMatch(/<path class="reached"/);
  expect(html).toContain('a.yml: x → TOKEN (a stranger comes this way)');
});
