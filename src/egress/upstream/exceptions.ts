import { isIP } from 'node:net';
import { rangeList } from '../address.ts';
import { coversHost } from '../../config/index.ts';

/** Whether a destination is one that the operator excepted from the proxy: by its name, or by every address that it has. */
export function isExcepted(except: readonly string[], host: string, addresses: readonly string[]): boolean {
  if (except.some((one) => !one.includes('/') && coversHost(one, host))) return true;
  const ranges = rangeList(except.filter((one) => one.includes('/')));
  const inRange = (address: string): boolean => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return ranges[family].check(address, family);
  };
  return addresses.length > 0 && addresses.every(inRange);
}
