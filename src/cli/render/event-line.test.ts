import { describe, expect, test } from 'vitest';
import type { RecordEvent } from '../../audit/index.ts';
import { Denials } from './denials.ts';
import { eventLine } from './event-line.ts';
import { styleFor } from './style.ts';

const AT = { job: 'j', step: 's' };
const risk = (more: object): RecordEvent =>
  ({
    type: 'risk.attempted',
    ...AT,
    operation: 'hook',
    outcome: 'allowed',
    target: '/work/.husky/a',
    at: '2026-01-01T00:00:00.000Z',
    process: { pid: 7, argv: ['husky'] },
    ...more,
  }) as RecordEvent;

describe('an event as a line', () => {
  test('begins with ! when it was denied, is a risk, or was not seen', () => {
    const io = risk({ operation: 'kernel-interface', outcome: 'denied', call: 'io_uring_setup' });
    const gap: RecordEvent = { type: 'telemetry.gap', what: 'x', why: 'y' };
    expect([risk({}), io, gap].map((event) => eventLine(event)[0])).toEqual(['!', ' ', '!']);
  });

  test('lets no byte of a job act on the terminal', () => {
    const line = eventLine(
      risk({ target: '/work/\u001b]0;x\u0007\n', process: { pid: 7, argv: ['\u001b[2J'] } }),
    );
    expect([...line].every((one) => one >= ' ')).toBe(true);
  });
});

describe('the end of a run', () => {
  const style = styleFor({ write: () => true } as never, { NO_COLOR: '1' });

  test('names many files of one kind by one program once, and says how many', () => {
    const denials = new Denials();
    for (const name of ['a', 'b', 'c']) denials.take(risk({ target: `/work/.husky/${name}` }));
    denials.take(risk({ target: '/work/.husky/d', process: { pid: 9, argv: ['other'] } }));
    const text = denials.render(style, 'cofferdam run');
    expect(text.match(/! done/g)).toHaveLength(2);
    expect(text).toContain('/work/.husky/a   by husky (pid 7) (and 2 more)');
    expect(denials.count).toBe(0);
  });

  test('counts what was denied as often as it was, and is silent about what libraries ask for', () => {
    const denials = new Denials();
    denials.take(risk({ operation: 'mount', outcome: 'denied', call: 'mount', count: 40 }));
    denials.take(risk({ operation: 'kernel-interface', outcome: 'denied', call: 'io_uring_setup' }));
    expect(denials.count).toBe(40);
    expect(denials.render(style, 'cofferdam run')).not.toContain('io_uring');
  });

  const asked = (name: string): RecordEvent => ({
    type: 'dns.question',
    job: 'job',
    step: 'step',
    name,
    queryType: 'A',
    verdict: 'denied',
    reason: 'not-on-allowlist',
    transport: 'udp',
  });

  test.each([
    '$(id).test',
    '`id`.test',
    'a.test;id',
    "a.test'",
    '*.test',
    '@github',
    '-x.test',
    'a.test | sh',
    '\u001b[2Ja.test',
  ])('offers nothing to copy into a shell that is not the word of a name: %j', (name) => {
    const denials = new Denials();
    denials.take(asked(name));
    const text = denials.render(style, 'cofferdam run');
    expect(text).toContain('! denied');
    expect(text).not.toContain('--allow');
    expect([...text].every((one) => one === '\n' || one >= ' ')).toBe(true);
  });

  test('offers no request to copy whose path would end its quotes', () => {
    const request = (path: string): string => {
      const denials = new Denials();
      denials.take({
        type: 'network.request',
        job: 'job',
        step: 'step',
        connection: 1,
        host: 'api.test',
        port: 443,
        version: '2',
        method: 'POST',
        path,
        verdict: 'denied',
        reason: 'request-not-allowed',
      });
      return denials.render(style, 'cofferdam run');
    };
    expect(request('/v1/items')).toContain("--allow 'POST api.test/v1/items'");
    expect(request("/v1';id;'")).not.toContain('--allow');
    expect(request('/v1/$(id)')).not.toContain('--allow');
    const denials = new Denials();
    denials.take(asked('good-name.test'));
    expect(denials.render(style, 'cofferdam run')).toContain('--allow good-name.test');
  });
});
