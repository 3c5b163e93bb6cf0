import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../../src/base/index.ts';
import { OWN_ARCHITECTURE } from '../../src/sandbox/image/layout.fixture.ts';
import type { Registry } from './registry.fixture.ts';

/** What a small Debian needs to install a package with scripts, from this machine's own. */
const PROGRAMS =
  `/bin/sh /usr/bin/dpkg /usr/bin/dpkg-deb /usr/bin/dpkg-split /bin/tar /bin/rm /usr/bin/diff /sbin/ldconfig
  /sbin/start-stop-daemon /usr/bin/curl /bin/cat /bin/chown /usr/bin/id /bin/ls /usr/bin/touch /bin/mkdir /usr/bin/env /bin/cp`.split(
    /\s+/,
  );

/** Puts an image of one layer into the registry. */
export function putBase(registry: Registry, folder: string, name: string, tag: string): void {
  const root = join(folder, 'base');
  const into = (path: string): void => {
    const to = join(root, path);
    if (existsSync(to)) return;
    mkdirSync(dirname(to), { recursive: true });
    cpSync(realpathSync(path), to);
    chmodSync(to, 0o755);
  };
  const linked = execFileSync('ldd', PROGRAMS, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  for (const [, library = ''] of linked.matchAll(/(\/\S+) \(0x/gu)) into(library);
  for (const program of PROGRAMS) into(program);
  // For what only root does, in one static program.
  into('/usr/bin/busybox');
  for (const path of [
    'etc',
    'tmp',
    'root',
    'var/lib/dpkg/info',
    'var/lib/dpkg/updates',
    'var/lib/dpkg/triggers',
    'srv',
  ])
    mkdirSync(join(root, path), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  for (const path of ['var/lib/dpkg/status', 'var/lib/dpkg/available']) writeFileSync(join(root, path), '');
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\napp:x:4242:4242::/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\napp:x:4242:\n');
  const layer = execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '-cf', '-', '.'], {
    maxBuffer: 2 ** 29,
  });
  const config = registry.blob(
    Buffer.from(
      JSON.stringify({
        architecture: OWN_ARCHITECTURE,
        os: 'linux',
        config: { Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'] },
        history: [{ created_by: 'of this machine' }],
        rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
      }),
    ),
    'application/vnd.oci.image.config.v1+json',
  );
  const layers = [
    registry.blob(gzipSync(layer, { level: 1 }), 'application/vnd.oci.image.layer.v1.tar+gzip'),
  ];
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers }));
  registry.manifests.set(`${name}@${tag}`, { type, bytes });
}

/** A package whose script, run as root when it is installed, makes a file of another user. */
export function packageInto(folder: string, scratch: string): void {
  const root = join(scratch, 'package');
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  mkdirSync(join(root, 'opt/demo'), { recursive: true });
  writeFileSync(join(root, 'opt/demo/data'), 'of the package\n');
  writeFileSync(
    join(root, 'DEBIAN/control'),
    'Package: demo\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@demo.test>\nDescription: demo\n',
  );
  const script = join(root, 'DEBIAN/postinst');
  writeFileSync(
    script,
    '#!/bin/sh\nset -e\nmkdir -p /var/lib/demo\nid -u >/var/lib/demo/by\nchown app:app /var/lib/demo/by\n',
  );
  chmodSync(script, 0o755);
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', root, join(folder, 'demo.deb')], {
    stdio: 'ignore',
  });
}

/** The names and owners in a pushed image's layers, the last one first: `4242/4242 var/lib/demo/by`. */
export function owners(
  registry: Registry,
  layers: readonly { readonly digest: string }[],
): readonly string[] {
  return layers.flatMap(({ digest }) => {
    const bytes = registry.blobs.get(digest) ?? Buffer.alloc(0);
    const list = execFileSync('tar', ['--numeric-owner', '-tvzf', '-'], {
      input: bytes,
      maxBuffer: 2 ** 26,
    }).toString();
    return list.split('\n').flatMap((line) => {
      const [, owner = '', , , , path = ''] = line.split(/\s+/);
      return path === '' ? [] : [`${owner} ${path.replace(/^\.?\//, '')}`];
    });
  });
}

/** The one file of a pushed image, from whichever layer has it. */
export function fileIn(
  registry: Registry,
  layers: readonly { readonly digest: string }[],
  path: string,
): string {
  for (const { digest } of layers.toReversed()) {
    try {
      const input = registry.blobs.get(digest) ?? Buffer.alloc(0);
      return execFileSync('tar', ['-xzOf', '-', path], {
        input,
        stdio: ['pipe', 'pipe', 'ignore'],
      }).toString();
    } catch {
      // It is in another layer.
    }
  }
  throw new Error(`no layer has ${path}`);
}

export function readJson<T>(bytes: Buffer | undefined): T {
  return JSON.parse(bytes?.toString('utf8') ?? 'null') as T;
}
