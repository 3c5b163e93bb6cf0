import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskedForms } from './forms.ts';
import { Masker } from './masker.ts';

function masker(...values: readonly string[]): Masker {
  const made = new Masker();
  for (const value of values) expect(made.add(value).ok).toBe(true);
  return made;
}

function mask(one: Masker, ...chunks: readonly (string | Uint8Array)[]): string {
  const shown = chunks.map((chunk) => one.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
  return Buffer.concat([...shown, one.flush()]).toString('latin1');
}

/** What masking means, without any cleverness: every byte of every occurrence of every form. */
function oracle(values: readonly Buffer[], text: Buffer): string {
  const hidden = new Uint8Array(text.length);
  for (const form of values.flatMap((value) => maskedForms(value)))
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1))
      hidden.fill(1, at, at + form.length);
  let shown = '';
  for (let at = 0; at < text.length; at += 1) {
    if (hidden[at] === 0) shown += String.fromCharCode(text[at] ?? 0);
    else if (hidden[at - 1] !== 1) shown += '***';
  }
  return shown;
}

/** Few letters, so that values overlap, contain and continue each other. */
const value = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 4, maxLength: 12 });
const noise = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n', ' '), maxLength: 30 });
const text = (values: readonly string[]) =>
  fc.array(fc.oneof(noise, fc.constantFrom(...values)), { maxLength: 12 }).map((parts) => parts.join(''));
const story = fc
  .array(value, { minLength: 1, maxLength: 5 })
  .chain((values) =>
    fc.tuple(fc.constant(values), text(values), fc.array(fc.nat({ max: 9 }), { minLength: 1 })),
  );

function cut(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let from = 0, at = 0; from < whole.length; at += 1) {
    const size = 1 + (sizes[at % sizes.length] ?? 0);
    chunks.push(whole.subarray(from, from + size));
    from += size;
  }
  return chunks;
}

describe('masking of secret values', () => {
  it('hides exactly what the definition hides, wherever the output is cut', () => {
    fc.assert(
      fc.property(story, ([values, output, sizes]) => {
        const one = masker(...values);
        // A last byte that is in no value, so that nothing is held back at the end.
        const whole = Buffer.from(`${output}.`);
        const shown = Buffer.concat(cut(whole, sizes).map((chunk) => one.push(chunk)));
        expect(one.flush()).toHaveLength(0);
        expect(shown.toString('latin1')).toBe(
          oracle(
            values.map((each) => Buffer.from(each)),
            whole,
          ),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('shows no value, whatever the cuts and pauses', () => {
    fc.assert(
      fc.property(story, fc.array(fc.boolean(), { minLength: 1 }), ([values, output, sizes], pauses) => {
        const one = masker(...values);
        const shown = cut(Buffer.from(output), sizes).flatMap((chunk, index) => {
          const now = one.push(chunk);
          return pauses[index % pauses.length] === true ? [now, one.flush()] : [now];
        });
        const all = Buffer.concat([...shown, one.flush()]).toString('latin1');
        for (const each of values) expect(all).not.toContain(each);
      }),
      { numRuns: 2_000 },
    );
  });

  it('hides a value in all that was not given out yet when it was added', () => {
    fc.assert(
      fc.property(story, fc.nat({ max: 20 }), ([values, output, sizes], when) => {
        const one = masker(...values.slice(0, 1));
        const chunks = cut(Buffer.from(`${output}${values.join('')}`), sizes);
        const before = chunks.slice(0, when).map((chunk) => one.push(chunk));
        for (const each of values) one.add(each);
        const after = chunks.slice(when).map((chunk) => one.push(chunk));
        const late = Buffer.concat([...after, one.flush()]).toString('latin1');
        for (const each of values) expect(late).not.toContain(each);
        expect(Buffer.concat(before).toString('latin1')).not.toContain(values[0]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('passes all other bytes unchanged and at once, with a prompt that has no line end', () => {
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const one = masker('s3cr3t-value');
    expect([...one.push(every)]).toEqual([...every]);
    expect(Buffer.from(one.push(Buffer.from('Continue? '))).toString()).toBe('Continue? ');
    expect(Buffer.from(one.push(Buffer.from('class'))).toString()).toBe('clas');
    expect(Buffer.from(one.flush()).toString()).toBe('s');
    expect(Buffer.from(one.push(Buffer.from('!'))).toString()).toBe('!');
  });

  it('never gives out half a value at a pause, nor the rest after it', () => {
    const one = masker('0123456789');
    expect(mask(one, 'x0123')).toBe('x0123');
    expect(mask(one, '456789y')).toBe('***y');
    expect(mask(one, '0123456')).toBe('***');
    expect(mask(one, '789z')).toBe('z');
  });

  it('hides the encodings that tools make of a value', () => {
    const secret = 'p@ss/w0rd+é "x"&<y>\'';
    const bytes = Buffer.from(secret);
    const seen = [
      bytes.toString('base64'),
      Buffer.from(`user:${secret}`).toString('base64'),
      Buffer.from(`u:${secret}\n`).toString('base64url'),
      Buffer.from(`us:${secret} and more`).toString('base64'),
      encodeURIComponent(secret),
      new URLSearchParams({ q: secret }).toString(),
      encodeURIComponent(secret).replaceAll(/%../g, (code) => code.toLowerCase()),
      JSON.stringify({ token: secret }),
      'p@ss/w0rd+\\u00e9 \\"x\\"&<y>\'',
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      "p@ss/w0rd+é \"x\"&<y>'\\''",
      'p@ss/w0rd+é &quot;x&quot;&amp;&lt;y&gt;&apos;',
    ];
    const one = masker(secret);
    for (const text of seen) {
      const shown = mask(one.fork(), text);
      expect(shown).toContain('***');
      expect(shown.replace('***', '').length, text).toBeLessThan(20);
      expect(shown).not.toMatch(/w0rd|cEBzcy|QHNzL3|cy93MH/);
    }
  });

  it('hides wrapped base64 of a long value', () => {
    const secret = Array.from({ length: 40 }, (_, index) => `key-${index * 7919}`).join('/');
    const wrapped =
      Buffer.from(secret)
        .toString('base64')
        .match(/.{1,76}/g) ?? [];
    expect(mask(masker(secret), wrapped.join('\n'))).toBe(wrapped.map(() => '***').join('\n'));
  });

  it('hides each longer line of a value, also after a terminal has changed the line ends', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nab\n-----END KEY-----\n';
    expect(mask(masker(key), 'one MIIEvQIBADANBgkqhkiG two')).toBe('one *** two');
    expect(mask(masker(key), `${key}.`)).toBe('***\n.');
    expect(mask(masker(key), `${key.replaceAll('\n', '\r\n')}.`)).toBe('***\r\n.');
  });

  it('refuses what it cannot mask, and bounds what a job may add', () => {
    const one = new Masker();
    expect(one.add('abc').ok).toBe(false);
    expect(one.add('  abc\n').ok).toBe(false);
    expect(one.add('x'.repeat(65_537)).ok).toBe(false);
    const taken = Array.from({ length: 600 }, (_, index) => one.add(`value-${index}`).ok);
    expect(taken.filter(Boolean)).toHaveLength(512);
    const large = new Masker();
    const many = Array.from({ length: 20 }, (_, index) => large.add(`${index}`.padEnd(60_000, 'y')).ok);
    expect(many.filter(Boolean).length).toBeLessThan(10);
  });

  it('shares values between the streams of a job, and keeps the streams apart', () => {
    const out = new Masker();
    const errors = out.fork();
    expect(errors.add('s3cr3t-value').ok).toBe(true);
    expect(Buffer.from(out.push(Buffer.from('s3cr'))).toString()).toBe('');
    expect(mask(errors, '3t-value')).toBe('3t-value');
    expect(mask(out, '3t-value')).toBe('***');
  });
});
