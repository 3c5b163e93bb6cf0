import { defaultControls } from '../../zone/index.ts';
import type { SandboxRequest } from '../contract.ts';
import type { HostFacts } from './host-facts.ts';
import type { SandboxPlaces } from './plan-sandbox.ts';
import type { Rootless } from './rootless.ts';

/** A job with one of everything that can be asked for. */
export const JOB: SandboxRequest = {
  runId: '01JD0000000000000000000000',
  jobId: 'test',
  controls: defaultControls('untrusted', { memoryBytes: 8_000_000_000, cpus: 4 }),
  root: { kind: 'host' },
  workspace: { source: '/home/user/project', path: '/home/runner/work/project' },
  readPaths: [
    { hostPath: '/srv/tools', path: '/opt/tools' },
    { hostPath: '/home/user/.npmrc', path: '/etc/npmrc', file: true },
  ],
  writePaths: [{ hostPath: '/home/user/out', path: '/mnt/out' }],
  files: [{ path: '/etc/ssl/cofferdam.pem', content: 'a certificate\n' }],
  networkNamespace: '/proc/4242/ns/net',
  temporary: ['/opt/hostedtoolcache'],
  probeName: 'a.probe.invalid',
  hostname: 'sandbox',
};

export const HOST: HostFacts = {
  architecture: 'x64',
  uid: 0,
  cgroup: 'v1',
  controllers: ['memory', 'cpu', 'pids'],
  hybrid: true,
  controllersLacking: {},
  cgroupParent: '/cofferdam',
  swapLimit: true,
  swaps: false,
  rootEntries: [{ name: 'bin', target: 'usr/bin' }, { name: 'lib', target: 'usr/lib' }, { name: 'lib64' }],
  etcEntries: ['alternatives', 'ld.so.cache', 'ssl/certs'],
};

export const PLACES: SandboxPlaces = {
  containerId: '01jd-test',
  rootfs: '/run/cofferdam/01JD-test/bundle/rootfs',
  merged: '/run/cofferdam/01JD-test/private/workspace/merged',
  exchange: '/run/cofferdam/01JD-test/private/workspace/exchange',
  init: '/usr/lib/cofferdam/native/bin/x86_64/init',
  listenerPath: '/run/cofferdam/01JD-test/private/trace/trace.sock',
  ids: { root: 0x4007_0000, user: 0x4007_03e9 },
};

/** What an ordinary user with a single id and no control group has. */
export const ORDINARY_USER: Rootless = {
  ids: 'one',
  folder: '/mnt',
  groups: 0,
  unified: true,
  oomScoreAdj: 100,
};
