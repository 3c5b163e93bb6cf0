import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ok } from '../../base/index.ts';
import { judge } from '../check.ts';
import { readRepository } from '../repository/read-repository.ts';
import { rule } from '../rules/template-injection/rule.ts';

/** A step of a job that hands a value on, by one way or another, or uses it. */
type Step = 'env' | 'output' | 'file' | 'sink' | 'plain' | 'pwsh' | 'cmd' | 'python' | 'heredoc' | 'script';
const PASSING = ['env', 'output', 'file', 'plain', 'pwsh', 'cmd', 'python', 'heredoc', 'script'] as const;

const SOURCES = [
  'github.event.issue.title',
  'github.head_ref',
  'github.event.comment.body',
  'github.sha',
  'vars.SAFE',
];
const EVENTS = ['push', 'issues', 'issue_comment', 'pull_request_target', 'schedule', 'workflow_dispatch'];

/** The same by other languages. */
const IN_OTHER = {
  pwsh: `shell: pwsh, run: '$x = "v=$env:V"; $x | Out-File -FilePath $env:GITHUB_OUTPUT -Append'`,
  cmd: "shell: cmd, run: 'echo v=!V!>> %GITHUB_OUTPUT%'",
  python: `shell: python, run: "import os\\nwith open(os.environ['GITHUB_OUTPUT'], 'a') as f:\\n  f.write(f\\"v={os.environ['V']}\\")"`,
  heredoc: `run: "python3 - <<'E'\\nimport os\\nopen(os.environ['GITHUB_OUTPUT'], 'a').write('v=' + os.environ['V'])\\nE"`,
  script: `uses: actions/github-script@v7, with: { script: "const v = process.env.V\\ncore.setOutput('v', v)" }`,
} as const;

interface Shape {
  readonly events: readonly string[];
  readonly source: string;
  readonly steps: readonly Step[];
}

function workflow({ events, source, steps }: Shape): string {
  let value = `\${{ ${source} }}`;
  const lines = steps.flatMap((step, index) => {
    switch (step) {
      case 'env': {
        const line = `      - { id: s${index}, run: 'echo "v=$V" >> "$GITHUB_OUTPUT"', env: { V: '${value}' } }`;
        value = `\${{ steps.s${index}.outputs.v }}`;
        return [line];
      }
      case 'output': {
        const line = `      - { id: s${index}, run: 'echo "v=${value}" >> "$GITHUB_OUTPUT"' }`;
        value = `\${{ steps.s${index}.outputs.v }}`;
        return [line];
      }
      case 'file': {
        const line = `      - { run: 'echo "N${index}=$V" >> "$GITHUB_ENV"', env: { V: '${value}' } }`;
        value = `\${{ env.N${index} }}`;
        return [line];
      }
      case 'pwsh':
      case 'cmd':
      case 'python':
      case 'heredoc':
      case 'script': {
        const line = `      - { id: s${index}, ${IN_OTHER[step]}, env: { V: '${value}' } }`;
        value = `\${{ steps.s${index}.outputs.v }}`;
        return [line];
      }
      case 'sink':
        return [`      - { run: 'echo "${value}"' }`];
      default:
        return ['      - { run: make }'];
    }
  });
  return `on: [${events.join(', ')}]\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${[...lines, `      - { run: 'echo "${value}"' }`].join('\n')}\n`;
}

async function found(shape: Shape): Promise<readonly string[]> {
  const repository = await readRepository([
    { path: '.github/workflows/a.yml', kind: 'workflow', read: ok(Buffer.from(workflow(shape))) },
  ]);
  expect(repository.unread).toEqual([]);
  return judge(repository, [rule]).findings.map(({ at }) => `${at.line}:${at.column}`);
}

const shape = fc.record({
  events: fc.uniqueArray(fc.constantFrom(...EVENTS), { minLength: 1, maxLength: 3 }),
  source: fc.constantFrom(...SOURCES),
  steps: fc.array(fc.constantFrom<Step>(...PASSING, 'sink'), { maxLength: 5 }),
});

it('what is found stays found when one more event brings the workflow to run', async () => {
  await fc.assert(
    fc.asyncProperty(shape, fc.constantFrom(...EVENTS), async (one, event) => {
      const before = await found(one);
      const after = await found({ ...one, events: [...new Set([...one.events, event])] });
      expect(before.filter((place) => !after.includes(place))).toEqual([]);
    }),
  );
});

it('what is found stays found when steps that only pass the value on stand between, up to where a value is followed', async () => {
  await fc.assert(
    fc.asyncProperty(shape, fc.constantFrom<Step>(...PASSING), async (one, step) => {
      const before = await found(one);
      const after = await found({ ...one, steps: [...one.steps, step] });
      // The last line uses the value in both.
      expect(after.length).toBeGreaterThanOrEqual(Math.min(before.length, 1));
    }),
  );
});

it('a value that nobody else decides is found nowhere, by whatever way it goes', async () => {
  await fc.assert(
    fc.asyncProperty(shape, async (one) => {
      expect(await found({ ...one, source: 'vars.SAFE' })).toEqual([]);
    }),
  );
});

it.each(PASSING.filter((step) => step !== 'plain'))(
  'what a stranger wrote is found behind a step that passes it on by %s',
  async (step) => {
    const shape = { events: ['issue_comment'], source: 'github.event.comment.body', steps: [step] };
    expect(await found(shape)).not.toEqual([]);
    expect(await found({ ...shape, source: 'vars.SAFE' })).toEqual([]);
  },
);
