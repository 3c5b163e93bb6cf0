import { describe, expect, test } from 'vitest';
import { mayDial, rangeList } from './address.ts';

const NONE = rangeList([]);

describe('an address that an allowed name leads to', () => {
  test.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '100.100.100.200',
    '168.63.129.16',
    '169.254.169.254',
    '172.31.255.255',
    '192.0.0.192',
    '192.168.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::10.0.0.1',
    '::ffff:10.0.0.1',
    '::FFFF:a00:1',
    '0:0:0:0:0:ffff:7f00:1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::a00:1',
    '2002:a00:1::',
    '2001::a00:1',
    '100::1',
    '100:0:0:1::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fd63:6f66:6664::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '127.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '',
  ])('is not dialled when it is %j', (address) => {
    expect(mayDial(address, NONE, NONE)).toBe(false);
  });

  test.each(['192.0.2.1', '8.8.8.8', '2001:db8::1', '2606:4700::1111', '2a00:1450::1'])(
    'is dialled when it is %s, unless it is this machine\u2019s',
    (address) => {
      expect(mayDial(address, NONE, NONE)).toBe(true);
      expect(mayDial(address, NONE, rangeList([address]))).toBe(false);
    },
  );
});
