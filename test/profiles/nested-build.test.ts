import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileIn, owners, packageInto, putBase, readJson } from './base-image.fixture.ts';
import { profileIn, Workshop } from './job.fixture.ts';
import { Registry } from './registry.fixture.ts';

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}
interface Config {
  readonly config: {
    readonly User?: string;
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly WorkingDir?: string;
  };
}

const registry = new Registry();
let workshop: Workshop;
let host = '';

const dockerfile = (): string => `
FROM ${host}/base/debian:1 AS build
ARG WHO=nobody
ARG UNSET
COPY demo.deb /demo.deb
RUN dpkg --install /demo.deb
RUN echo "for $WHO \${UNSET:-unset}" >/made && chown app:4242 /made && cat /opt/demo/data >>/made
USER app
WORKDIR /srv/own
RUN id -u >/tmp/ran-as && touch /tmp/mine && ls -n /tmp/mine

FROM ${host}/base/debian:1
COPY --from=build /made /made
COPY --from=build /var/lib/demo /var/lib/demo
COPY --chown=4242:0 text /srv/text
RUN cat /proc/self/uid_map >/uid_map
ENV GREETING="hello there"
USER 4242
WORKDIR /srv
ENTRYPOINT ["/bin/sh", "-c", "echo $GREETING; id -u; cat /made; exec \\"$0\\" \\"$@\\""]
CMD ["/bin/cat", "/srv/text"]
`;
const BUILD = `set -e
docker version
docker build --pull --tls-verify=false -t ${'$REGISTRY'}/out/app:1 --build-arg WHO=someone .
docker run --rm ${'$REGISTRY'}/out/app:1
docker run --rm --entrypoint /usr/bin/id ${'$REGISTRY'}/out/app:1 -u
docker push --tls-verify=false ${'$REGISTRY'}/out/app:1
docker save -o saved.tar ${'$REGISTRY'}/out/app:1
docker images
`;

beforeAll(async () => {
  workshop = new Workshop();
  host = `registry.test:${await registry.listen()}`;
  putBase(registry, workshop.directory, 'base/debian', '1');
  packageInto(workshop.work, workshop.directory);
  writeFileSync(join(workshop.work, 'Dockerfile'), dockerfile());
  writeFileSync(join(workshop.work, 'text'), 'text of the context\n');
});
afterAll(() => {
  registry.close();
  workshop.remove();
});

const run = (script: string, profile?: 'nested-build', more: readonly string[] = []) =>
  workshop.run(`REGISTRY=${host}\n${script}`, profile, [host, ...more]);

describe('docker build of an ordinary Dockerfile in a job', () => {
  test('works with profile nested-build, by no daemon: stages, arguments, package scripts, users, run and push', async () => {
    const { output, code, events, leftBehind, record } = await run(BUILD, 'nested-build');
    expect(code, output).toBe(0);
    expect(output).toContain('hello there\n4242\nfor someone unset\nof the package\ntext of the context\n');
    expect(profileIn(events)).toMatchObject({ name: 'nested-build' });
    expect(leftBehind).toEqual([]);
    expect(record).toBe('whole');
    // What came out, read by other programs than those that made it.
    const manifest = readJson<Manifest>(registry.manifests.get('out/app@1')?.bytes);
    const { config } = readJson<Config>(registry.blobs.get(manifest.config.digest));
    expect(config).toMatchObject({ User: '4242', WorkingDir: '/srv', Cmd: ['/bin/cat', '/srv/text'] });
    expect(config.Env).toContain('GREETING=hello there');
    const found = owners(registry, manifest.layers);
    for (const one of ['4242/4242 made', '4242/4242 var/lib/demo/by', '4242/0 srv/text', '0/0 usr/bin/dpkg'])
      expect(found).toContain(one);
    expect(found.some((one) => one.endsWith(' demo.deb'))).toBe(false);
    // The script of the package ran as root of the build, which is nobody outside.
    expect(fileIn(registry, manifest.layers, 'var/lib/demo/by')).toBe('0\n');
    const rows = fileIn(registry, manifest.layers, 'uid_map').trim().split('\n');
    expect(rows.map((row) => row.trim().split(/\s+/).map(Number))).toEqual([
      [0, 1001, 1],
      [1, 100_000, 65_536],
    ]);
    // Base image and result went through the gateway.
    const reached = events.filter(
      (event) => event.type === 'network.connection' && event.verdict === 'allowed',
    );
    expect(reached.length).toBeGreaterThan(1);
  });

  test('fails in the ordinary sandbox, where nothing can be root of anything', async () => {
    registry.manifests.delete('out/app@1');
    const { output, code, events } = await run(
      `/usr/bin/buildah --storage-driver vfs build --isolation chroot --tls-verify=false -t ${host}/out/app:1 .`,
    );
    expect(code, output).not.toBe(0);
    expect(events.some((event) => event.type === 'risk.attempted')).toBe(true);
    expect(registry.manifests.has('out/app@1')).toBe(false);
  });

  test('gives a RUN step no other way out than the job\u2019s, and says who asked', async () => {
    writeFileSync(
      join(workshop.work, 'Outward'),
      `FROM ${host}/base/debian:1\nRUN curl -sSf -m 5 http://denied.test/ && touch /out; curl -sSf -m 5 http://169.254.169.254/ && touch /out; curl -sSf -m 5 http://${host}/v2/ && touch /in; ls /out && exit 9; ls /in\n`,
    );
    const { output, code, events } = await run(
      'docker build --tls-verify=false -f Outward .',
      'nested-build',
    );
    expect(code, output).toBe(0);
    const denied = events.flatMap((event) =>
      (event.type === 'dns.question' || event.type === 'network.connection') && event.verdict === 'denied'
        ? [JSON.stringify(event)]
        : [],
    );
    expect(denied.some((event) => event.includes('denied.test') && event.includes('curl'))).toBe(true);
    expect(denied.some((event) => event.includes('169.254.169.254'))).toBe(true);
  });

  test('gives a RUN step nothing of the machine: its root is nobody, and its mounts are its own', async () => {
    writeFileSync(
      join(workshop.work, 'Hostile'),
      `FROM ${host}/base/debian:1\nRUN busybox mount -t sysfs s /srv && exit 9; busybox mount -o remount,bind,rw /proc/sys && exit 9; echo x >/proc/sys/kernel/core_pattern && exit 9; cat /proc/1/environ && exit 9; busybox chroot /proc/1/root /bin/sh -c true && exit 9; busybox mknod /dev/disk b 254 0 && cat /dev/disk && exit 9; busybox nsenter -t 1 -m true && exit 9; busybox unshare -n true && exit 9; echo held\n`,
    );
    const { output, code } = await run('docker build --tls-verify=false -f Hostile .', 'nested-build');
    expect(code, output).toBe(0);
    expect(output).toContain('held');
  });

  test.each([
    ['docker ps', /ps is not available: there is no daemon/],
    ['docker compose up', /compose is not available/],
    ['docker -H tcp://x ps', /-H is not available/],
    ['docker build --privileged .', /--privileged is not available/],
    ['docker build --network none .', /--network none is not available/],
    ['docker run --privileged x', /--privileged is not available/],
    ['docker run -d x', /-d is not available/],
  ])('answers %s with a refusal that says why', async (command, why) => {
    const { output, code } = await run(command, 'nested-build');
    expect(code).toBe(125);
    expect(output).toMatch(why);
  });

  test('takes the options of buildx, writes whole images, and hands an image id on', async () => {
    const { output, code } = await run(
      `set -e
docker buildx create --use
docker buildx build --progress=plain --provenance=false --cache-to type=gha --load --tls-verify=false --iidfile id -t small:1 -o type=oci,dest=small.oci -f- . <<EOF
FROM ${host}/base/debian:1
LABEL a="b c"
EOF
grep -q '^sha256:' id
tar tf small.oci | grep -q '^index.json$'
docker save -o small.tar small:1 && docker rmi small:1 && docker load -i small.tar && docker run --rm small:1 /usr/bin/busybox echo 'two  words'
skopeo inspect oci-archive:small.oci | grep -F '"a": "b c"'`,
      'nested-build',
    );
    expect(code, output).toBe(0);
    expect(output).toContain('two  words\n');
    expect(output).toContain('--cache-to type=gha has no effect');
  });
});
