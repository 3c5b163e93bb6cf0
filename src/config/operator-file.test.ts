import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { operatorConfiguration } from './load-configuration.ts';
import { readOperatorFile } from './operator-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cofferdam-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the operator\u2019s file', () => {
  test('is read where it is the operator\u2019s alone', async () => {
    writeFileSync(join(folder, 'c.yaml'), 'version: 1\n', { mode: 0o600 });
    const found = await readOperatorFile(join(folder, 'c.yaml'));
    expect(found.ok && found.value?.toString()).toBe('version: 1\n');
  });

  test.each([0o666, 0o662, 0o620])('is refused with mode %o: others could have written it', async (mode) => {
    const path = join(folder, 'c.yaml');
    writeFileSync(path, 'version: 1\n');
    chmodSync(path, mode);
    expect(await readOperatorFile(path)).toMatchObject({
      ok: false,
      error: { rule: 'config/operator-file' },
    });
  });

  test('is refused in a folder that everyone may write', async () => {
    mkdirSync(join(folder, 'open'));
    chmodSync(join(folder, 'open'), 0o777);
    writeFileSync(join(folder, 'open/c.yaml'), 'version: 1\n', { mode: 0o600 });
    expect((await readOperatorFile(join(folder, 'open/c.yaml'))).ok).toBe(false);
  });

  test('is refused in the repository under test, also through a link', async () => {
    mkdirSync(join(folder, 'repository'));
    writeFileSync(join(folder, 'repository/c.yaml'), 'version: 1\n', { mode: 0o600 });
    symlinkSync(join(folder, 'repository/c.yaml'), join(folder, 'link.yaml'));
    const found = await readOperatorFile(join(folder, 'link.yaml'), { notIn: join(folder, 'repository') });
    expect(found.ok).toBe(false);
  });

  test('may be absent, unless it was named', async () => {
    const environment = { XDG_CONFIG_HOME: folder, HOME: folder };
    const named = await operatorConfiguration(environment, { named: join(folder, 'none.yaml') });
    expect(named).toMatchObject({ ok: false, error: [{ rule: 'config/missing' }] });
    mkdirSync(join(folder, 'cofferdam'));
    writeFileSync(join(folder, 'cofferdam/cofferdam.yaml'), 'version: 1\n', { mode: 0o600 });
    const found = await operatorConfiguration(environment);
    expect(found).toMatchObject({ ok: true, value: { origin: 'operator', configuration: { version: 1 } } });
  });
});
