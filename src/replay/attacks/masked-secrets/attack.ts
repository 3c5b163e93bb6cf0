import type { Attack, ReplayCase, WorkflowStep } from '../../attack.ts';
import { event } from '../../expected-event.ts';
import type { Scene } from '../../ground/scene.ts';

/** A secret with what encodings change: the canary between other letters. */
function shown(
  name: string,
  run: string,
  form: (secret: string) => string,
  steps?: readonly WorkflowStep[],
): ReplayCase {
  return {
    name,
    control: 'masking of what a job was given, also in encodings',
    without: ['masking'],
    workflow: {
      event: 'push',
      steps: steps ?? [{ run, env: { TOKEN: '${{ secrets.TOKEN }}' } }],
    },
    harm: (scene) => found(scene, form(scene.canary)),
    event: event('secret.delivered', '', (seen) => seen.name === 'TOKEN'),
  };
}

function found({ output, kept }: Scene, form: string): string | undefined {
  if (output().includes(form)) return 'the secret stands in what is shown';
  const file = kept().find(({ text }) => text.includes(form));
  return file && `the secret stands in ${file.path.split('/').at(-1)}`;
}

/** The digits of base64 that the secret alone decides when `before` bytes stand before it. */
function inBase64(secret: string, before: number): string {
  const whole = Buffer.from('x'.repeat(before) + secret).toString('base64');
  return whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + secret.length) * 8) / 6));
}

export const attack: Attack = {
  name: 'masked-secrets',
  title: 'A secret printed in an encoding that masking does not know',
  story:
    'Logs are masked by looking for the secret as it is. What stole from tj-actions/changed-files printed secrets in base64, ' +
    'twice, into logs that everybody could read; others print them letter by letter, in hexadecimal, or as an address. ' +
    'Masking keeps accidents out of logs and is no boundary: what a job must not reveal, it is not given (see the case ' +
    'withheld, which is printed in a form that no mask knows).',
  sources: [
    ['CVE-2025-30066 (tj-actions/changed-files)', 'https://github.com/advisories/GHSA-mrrh-fwg8-r2c3'],
    ['MITRE ATT&CK T1552', 'https://attack.mitre.org/techniques/T1552/'],
    ['practical guide §3'],
  ],
  cases: [
    shown('plain', 'echo "the token is $TOKEN"', (secret) => secret),
    shown('on-standard-error', 'echo "$TOKEN" >&2', (secret) => secret),
    shown(
      'in-pieces',
      'for at in $(seq 0 3 40); do printf %s "${TOKEN:$at:3}"; sleep 0.02; done; echo',
      (secret) => secret,
    ),
    shown('base64', 'printf %s "$TOKEN" | base64 -w 0; echo', (secret) => inBase64(secret, 0)),
    shown('base64-of-a-header', 'printf "u:%s" "$TOKEN" | base64 -w 0; echo', (secret) =>
      inBase64(secret, 2),
    ),
    shown(
      'base64-twice',
      'printf "{\\"token\\":\\"%s\\"}" "$TOKEN" | base64 -w 0 | base64 -w 0; echo',
      (secret) => {
        // Of the inner digits, those that the secret alone decides: what stands before it is `{"token":"`.
        const inner = inBase64(secret, 10);
        return inBase64(inner, Math.ceil((10 * 8) / 6));
      },
    ),
    shown('base64-for-addresses', 'printf "x%s" "$TOKEN" | base64 -w 0 | tr "+/" "-_"; echo', (secret) =>
      inBase64(secret, 1),
    ),
    shown(
      'hexadecimal-capitals',
      'printf %s "$TOKEN" | od -An -tx1 | tr -d " \n" | tr a-f A-F; echo',
      (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
    ),
    shown('hexadecimal', 'printf %s "$TOKEN" | od -An -tx1 | tr -d " \\n"; echo', (secret) =>
      Buffer.from(secret).toString('hex'),
    ),
    shown('in-an-address', 'echo "https://u:$TOKEN@host.test/?q=$TOKEN"', (secret) => secret),
    shown('as-an-annotation', 'echo "::warning file=a::$TOKEN"', (secret) => secret),
    shown(
      'in-a-summary',
      'echo "# $TOKEN" >>"$GITHUB_STEP_SUMMARY"; cat "$GITHUB_STEP_SUMMARY"',
      (secret) => secret,
    ),
    shown('as-an-argument', '/usr/bin/env printf "%s\\n" "$TOKEN"', (secret) => secret),
    shown('in-the-name-of-a-program', '"/tmp/$TOKEN" || true', (secret) => secret),
    {
      name: 'withheld',
      control: 'a job of a fork is given no secret',
      without: ['withholding'],
      workflow: {
        event: 'pull-request',
        steps: [{ run: 'printf %s "$TOKEN" | rev', env: { TOKEN: '${{ secrets.TOKEN }}' } }],
      },
      harm: (scene) => found(scene, [...scene.canary].toReversed().join('')),
      event: event('secret.withheld', '', ({ name }) => name === 'TOKEN'),
    },
  ],
};
