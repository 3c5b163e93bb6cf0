import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RUNTIMES_HERE } from '../../src/sandbox/oci/runtimes.fixture.ts';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
let work = '';
beforeEach(() => {
  place = new Place();
  work = join(place.directory, 'work');
  mkdirSync(work);
});
afterEach(() => place.remove());

const installed = RUNTIMES_HERE.filter(({ program }) => program.startsWith('/usr/'));

describe.each(installed)('a command run by $name', ({ name }) => {
  test('has the same walls, way out and record', async () => {
    const script = `
node -e "require('node:net').connect(443, '198.51.100.7').on('error', (e) => console.log(e.code))"
node -e "require('node:dns').lookup('secret.collector.test', (e) => console.log(e.code))"
echo done; exit 7`;
    const ran = await place.run(['exec', '--runtime', name, '--workdir', work, '--', 'sh', '-c', script]);
    expect(ran.stdout, ran.stderr).toContain('ECONNRESET');
    expect(ran.stdout).toContain('ENOTFOUND');
    expect(ran.stdout).toContain('done');
    expect(ran.status).toBe(7);
    expect(ran.stderr).toContain('198.51.100.7:443');
    expect(ran.stderr).toContain('secret.collector.test');
    expect(ran.stderr).toContain('0 telemetry gaps');
    expect(ran.stderr).toContain('by node -e');
  });
});

describe('a runtime', () => {
  test('that is weaker than what is asked for is refused, and so is one that is not known', async () => {
    const exec = (...more: readonly string[]) =>
      place.run(['exec', ...more, '--workdir', work, '--', 'true']);
    const weaker = await exec('--isolation', 'sandboxed-kernel', '--runtime', 'runc');
    expect(weaker.status).toBe(125);
    expect(weaker.stderr).toContain('isolation/floor');
    expect((await exec('--runtime', 'docker')).stderr).toContain('runc, crun, runsc, qemu');
  });
});
