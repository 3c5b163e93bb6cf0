import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resolvePresets } from '../presets.ts';
import { readJarEntry } from './jar-entry.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ecosystems-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function file(path: string, text: string | Buffer, mode = 0o644): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), text, { mode });
}

/** A machine on which only what the test put into `bin` is installed. */
async function preset(name: string, environment: Readonly<Record<string, string>> = {}) {
  const resolved = await resolvePresets([name], {
    environment: { PATH: join(home, 'bin'), XDG_CACHE_HOME: join(home, 'cache'), ...environment },
    home,
  });
  return resolved.ok ? resolved.value[name] : resolved.error;
}

const hosts = (names: readonly string[], entry: string) => names.map((host) => ({ host, entry }));

/** A cargo that goes to the given hosts by its proxy, as the real one does, and notes its configuration. */
function cargo(...to: readonly string[]): void {
  file(
    'bin/cargo',
    `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
const net = require('node:net');
appendFileSync(${JSON.stringify(join(home, 'asked'))}, readFileSync(process.env.CARGO_HOME + '/config.toml', 'utf8') + '.');
const { hostname, port } = new URL(process.env.CARGO_HTTP_PROXY);
const ask = (left) => {
  if (left.length === 0) return process.exit(0);
  const socket = net.connect(port, hostname, () => socket.write('CONNECT ' + left[0] + ':443 HTTP/1.1\\r\\n\\r\\n'));
  socket.on('error', () => undefined).on('close', () => ask(left.slice(1)));
};
ask(${JSON.stringify(to)});
`,
    0o755,
  );
}

describe('@cargo', () => {
  test('stands for where the machine’s cargo itself goes, which is asked once and remembered', async () => {
    cargo('index.test', 'crates.test');
    const first = await preset('@cargo');
    expect(first).toEqual({ destinations: hosts(['index.test', 'crates.test'], '@cargo') });
    expect(await preset('@cargo')).toEqual(first);
    expect(readFileSync(join(home, 'asked'), 'utf8')).toBe('.');
  });

  test('among a zone’s defaults is not asked but for a folder with a Cargo.toml', async () => {
    cargo('index.test');
    const sources = { environment: { PATH: join(home, 'bin'), XDG_CACHE_HOME: join(home, 'cache') }, home };
    const standsFor = async (repository?: string) => {
      const found = await resolvePresets(
        ['@cargo'],
        { ...sources, ...(repository !== undefined && { repository }) },
        ['@cargo'],
      );
      return found.ok ? found.value['@cargo']?.destinations : undefined;
    };
    expect(await standsFor()).toEqual([]);
    expect(await standsFor(home)).toEqual([]);
    file('Cargo.toml', '');
    expect(await standsFor(home)).toEqual(hosts(['index.test'], '@cargo'));
    expect(await standsFor()).toEqual(hosts(['index.test'], '@cargo'));
  });

  test('follows a mirror and further registries of the user, and shows a job their addresses and no token', async () => {
    cargo('mirror.test', 'files.mirror.test');
    file(
      '.cargo/config.toml',
      `[source.crates-io]
replace-with = "corp" # ours
[source.corp]
registry = "sparse+https://me:secret@mirror.test/index/"
[registries.own]
index = "sparse+https://own.test/"
token = "secret"
`,
    );
    const found = await preset('@cargo');
    expect(found).toMatchObject({
      destinations: hosts(['mirror.test', 'files.mirror.test', 'mirror.test', 'own.test'], '@cargo'),
      files: [
        {
          path: '/.cargo/config.toml',
          content: expect.stringMatching(
            /^\[source\.crates-io\]\nreplace-with = "operators"\n\n\[source\.operators\]\nregistry = "sparse\+https:\/\/mirror\.test\/index\/"\n\n\[registries\.own\]\nindex = "sparse\+https:\/\/own\.test\/"\n$/,
          ),
        },
      ],
    });
    expect(JSON.stringify(found)).not.toContain('secret');
    // Cargo was asked with the mirror, and without the rest of the file.
    expect(readFileSync(join(home, 'asked'), 'utf8')).toContain('https://mirror.test/index/');
    expect(readFileSync(join(home, 'asked'), 'utf8')).not.toContain('secret');
  });

  test('without cargo, or when it goes nowhere, is refused, and nothing is remembered', async () => {
    expect(await preset('@cargo')).toMatchObject({ rule: 'egress/preset-unknown' });
    cargo();
    expect(await preset('@cargo')).toMatchObject({ rule: 'egress/preset-unknown' });
    expect(existsSync(join(home, 'cache'))).toBe(false);
  });
});

/** A jar with one entry (PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16). */
function jar(name: string, content: string, packed: boolean): Buffer {
  const data = packed ? deflateRawSync(content) : Buffer.from(content);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(packed ? 8 : 0, 4);
  common.writeUInt32LE(crc32(content), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(Buffer.byteLength(content), 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, Buffer.from(name), data]);
  const listed = Buffer.concat([
    Buffer.from('PK\u0001\u0002\u0014\u0000'),
    common,
    Buffer.alloc(14),
    Buffer.from(name),
  ]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, listed, Buffer.from('PK\u0005\u0006'), end]);
}

const POM = 'org/apache/maven/model/pom-4.0.0.xml';
const CENTRAL = '<repository><url>https://central.test/maven2</url></repository>';

describe('@maven', () => {
  test('stands for what the machine’s Maven has built in', async () => {
    file('bin/mvn', '', 0o755);
    file('lib/maven-model-builder-3.9.9.jar', jar(POM, CENTRAL + CENTRAL, true));
    expect(await preset('@maven')).toEqual({ destinations: hosts(['central.test'], '@maven') });
  });

  test('follows the user’s mirrors, shows a job their addresses, and takes none that blocks', async () => {
    file('bin/mvn', '', 0o755);
    file('lib/maven-model-builder-3.9.9.jar', jar(POM, CENTRAL, true));
    file(
      '.m2/settings.xml',
      `<settings><servers><server><password>secret</password></server></servers><mirrors>
<!-- <mirror><mirrorOf>*</mirrorOf><url>https://old.test/</url></mirror> -->
<mirror><id>b</id><mirrorOf>external:http:*</mirrorOf><url>http://0.0.0.0/</url></mirror>
<mirror><id>a</id><mirrorOf>central</mirrorOf><url>https://me:secret@mirror.test/m2?a=1</url></mirror>
</mirrors></settings>`,
    );
    const found = await preset('@maven');
    expect(found).toEqual({
      destinations: hosts(['mirror.test'], '@maven'),
      environment: { MAVEN_ARGS: '-gs /etc/maven/settings.xml' },
      files: [
        {
          path: '/etc/maven/settings.xml',
          content:
            '<settings><mirrors><mirror><id>operators-1</id><mirrorOf>central</mirrorOf><url>https://mirror.test/m2?a=1</url></mirror></mirrors></settings>\n',
        },
      ],
    });
  });

  test('reads a jar’s entry, packed or not, and nothing from what is no jar', async () => {
    for (const packed of [true, false]) {
      file('a.jar', jar(POM, CENTRAL, packed));
      expect((await readJarEntry(join(home, 'a.jar'), POM))?.toString()).toBe(CENTRAL);
      expect(await readJarEntry(join(home, 'a.jar'), 'other')).toBeUndefined();
    }
    const whole = jar(POM, CENTRAL, true);
    for (const broken of [
      Buffer.alloc(0),
      Buffer.alloc(500, 0x50),
      whole.subarray(40),
      whole.subarray(0, -9),
    ]) {
      file('a.jar', broken);
      expect(await readJarEntry(join(home, 'a.jar'), POM)).toBeUndefined();
    }
    expect(await readJarEntry(join(home, 'none.jar'), POM)).toBeUndefined();
  });
});

describe('@npm, @pypi and @go', () => {
  test('follow the variable or file that the client does, and hand on no credential', async () => {
    file('.npmrc', 'registry = https://me:secret@npm.test:8443/r/\n//npm.test/:_authToken=secret\n');
    expect(await preset('@npm')).toEqual({
      destinations: [{ host: 'npm.test', entry: '@npm', ports: [8443] }],
      environment: { npm_config_registry: 'https://npm.test:8443/r/' },
    });
    expect(await preset('@npm', { npm_config_registry: 'https://other.test/' })).toMatchObject({
      destinations: hosts(['other.test'], '@npm'),
    });
    file('.config/pip/pip.conf', '[global]\nindex-url = https://me:secret@pip.test/simple\n');
    expect(await preset('@pypi')).toEqual({
      destinations: hosts(['pip.test'], '@pypi'),
      environment: { PIP_INDEX_URL: 'https://pip.test/simple' },
    });
    expect(await preset('@go', { GOPROXY: 'https://me:secret@go.test,direct' })).toEqual({
      destinations: hosts(['go.test'], '@go'),
      environment: { GOPROXY: 'https://go.test/' },
    });
  });
});
