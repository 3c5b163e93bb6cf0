import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Place } from '../e2e/cofferdam.fixture.ts';

const WORKFLOW = `
on: [push]
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: docker build -t small:1 . && docker run --rm small:1
  other:
    runs-on: ubuntu-latest
    steps:
      - run: unshare --user --map-root-user true && echo "was root" || echo "was not root"
`;

let place: Place;
let repository = '';
beforeAll(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  writeFileSync(join(repository, '.github/workflows/ci.yml'), WORKFLOW);
  cpSync('/usr/bin/busybox', join(repository, 'busybox'));
  writeFileSync(
    join(repository, 'Dockerfile'),
    'FROM scratch\nCOPY busybox /bin/sh\nRUN echo "of the image" >/text\nCMD ["/bin/sh", "-c", "while read -r line; do echo \\"$line\\"; done </text"]\n',
  );
  // The head asks for more than the operator names.
  writeFileSync(
    join(repository, 'cofferdam.yaml'),
    'version: 1\nzones: { untrusted: { isolation: { jobs: { image: nested-build, other: browser } } } }\n',
  );
});
afterAll(() => place.remove());

function operator(text: string): string {
  const path = join(place.directory, 'operator.yaml');
  writeFileSync(path, `version: 1\n${text}`, { mode: 0o600 });
  return path;
}

describe('a workflow\u2019s job that builds an image', () => {
  test('does so when the operator names its profile, and the head gets no other', async () => {
    const config = operator('zones: { untrusted: { isolation: { profiles: [nested-build] } } }\n');
    const planned = await place.run(['plan', repository, '--config', config]);
    expect(planned.stdout).toContain('profile nested-build: docker build');
    expect(planned.stdout).toContain('price ');
    expect(planned.stdout).toContain(
      'not given cofferdam.yaml of the head: zones.untrusted.isolation.jobs.other browser',
    );
    const ran = await place.run(['run', repository, '--verbose', '--config', config]);
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stdout).toContain('of the image\n');
    expect(ran.stdout).toContain('profile nested-build');
    expect(ran.stdout).toContain('was not root\n');
  });

  test('has no docker when the operator says nothing, whatever the head asks', async () => {
    const ran = await place.run(['run', repository, '--verbose', '--job', 'image', '--config', operator('')]);
    expect(ran.status).toBe(1);
    expect(ran.stdout).not.toContain('of the image\n');
    expect(ran.stdout).not.toContain('profile nested-build');
  });
});
