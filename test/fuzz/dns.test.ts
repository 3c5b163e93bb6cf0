import { expect, test } from 'vitest';
import { parseAllowlist } from '../../src/egress/index.ts';
import { readQuestion } from '../../src/egress/dns-message.ts';
import { NamePool } from '../../src/egress/name-pool.ts';
import { answerQuestion } from '../../src/egress/name-server.ts';
import { fuzz } from './mutate.fixture.ts';

function question(name: string, type = 1): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  const tail = Buffer.from([0, type >> 8, type & 255, 0, 1]);
  return Buffer.concat([Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...labels, tail]);
}

/** The labels of the first question as anybody's resolver reads them, compression left out; another reader than ours. */
function labelsOf(message: Buffer): readonly string[] {
  const labels: string[] = [];
  let at = 12;
  while (at < message.length && message[at] !== 0 && labels.length < 200) {
    const length = message[at] ?? 0;
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return labels;
}

test('no message makes the name server fail, answer more than it was asked, or allow another name', () => {
  const allow = parseAllowlist(['good.test', '*.wild.test'], {});
  if (!allow.ok) throw new Error(allow.error.why);
  const policy = { allow: allow.value, allowRanges: [] };
  const seeds = [
    question('good.test'),
    question('a.wild.test', 28),
    question('evil.test', 16),
    question('good.test', 65),
  ];
  const words = [
    '\u0004good\u0004test\u0000',
    '\u00c0\u000c',
    '\u0004evil',
    '\u0000\u0029\u0004\u00d0\u0000\u0000',
    '\u0000',
  ];
  let allowed = 0;
  const seen = fuzz('dns', seeds, words, (input) => {
    const answered = answerQuestion(input, policy, new NamePool(), { transport: 'udp', clientPort: 1 });
    if (answered === undefined) return `none ${readQuestion(input) === undefined}`;
    const { event, message } = answered;
    expect(message.length).toBeLessThanOrEqual(input.length + 200);
    expect(message.readUInt16BE(4)).toBe(1);
    // No record that tells a client of another name, port or key: nothing but addresses (HTTPS, SVCB, CNAME).
    const answers = message.readUInt16BE(6);
    expect(answers).toBeLessThanOrEqual(1);
    if (event.kind !== 'dns') throw new Error('another event');
    if (event.verdict === 'allowed') {
      allowed += 1;
      const labels = labelsOf(input).map((label) => label.toLowerCase());
      const name = labels.join('.').replace(/\.$/, '');
      expect(name === 'good.test' || /^(?:[a-z0-9_-]+\.)+wild\.test$/.test(name), name).toBe(true);
      expect(
        labels.every((label) => /^[a-z0-9_-]+\.?$/.test(label)),
        name,
      ).toBe(true);
    }
    return `${event.verdict} ${event.type.slice(0, 4)} ${answers} ${event.name.length > 20} ${event.reason ?? ''}`;
  });
  expect(seen).toBeGreaterThan(5);
  expect(allowed).toBeGreaterThan(0);
});
