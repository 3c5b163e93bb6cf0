import { describe, expect, test } from 'vitest';
import { addressLiteral } from './address-literal.ts';
import { coversRule } from './covers-rule.ts';
import { parseDestination } from './destination.ts';

describe('an address literal', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['192.0.2.01', undefined],
    ['0xc0.0.2.1', undefined],
    ['3221225985', undefined],
    ['192.0.513', undefined],
    ['fe80::1%eth0', undefined],
    ['2001:db8::1::', undefined],
    ['', undefined],
  ])('%s is %s', (text, found) => {
    expect(addressLiteral(text)).toBe(found);
  });

  test('is one destination, however it is written in an entry', () => {
    expect(parseDestination('[::ffff:192.0.2.1]:443')).toEqual({
      kind: 'host',
      host: '192.0.2.1',
      port: 443,
    });
    expect(parseDestination('[2001:DB8:0::1]')).toEqual({ kind: 'host', host: '2001:db8::1' });
    expect(coversRule('[2001:db8::1]', '[2001:DB8:0:0:0::1]:443')).toBe(true);
    expect(parseDestination('*.[::1]').kind).toBe('wrong');
  });
});
