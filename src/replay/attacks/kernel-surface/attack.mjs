// Asks the kernel for what builds do not need, and holds what it gets for a moment.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const call = (...statements) => {
  const { status, stdout, stderr } = spawnSync('/opt/replay/call', statements, { encoding: 'utf8' });
  console.log(status, stdout, stderr);
};
const HOLD = 'sleep 200';
const ways = {
  userfaultfd: () => call('userfaultfd 1', HOLD),
  'io-uring': () => call('io_uring_setup 4 b:120', HOLD),
  // An array of four bytes each, one of them.
  'programs-for-the-kernel': () => call(`bpf 0 x:${'02000000040000000400000001000000'.padEnd(144, '0')} 72`, HOLD),
  // Of this process, on any processor: a counter of the kernel's own.
  'performance-events': () => call(`perf_event_open x:${`0100000080000000${'00'.repeat(120)}`} 0 -1 -1 0`, HOLD),
  'packet-socket': () => call('socket 17 3 768', HOLD),
  'traced-process': async () => {
    const child = spawn('sleep', ['1']);
    await new Promise((resolve) => child.on('spawn', resolve));
    // PTRACE_SEIZE
    call(`ptrace ${0x4206} ${child.pid} 0 0`, HOLD);
  },
  module: () => call('openat -100 s:/opt/replay/none 0', 'finit_module =0 s: 0'),
  'another-kernel': () => call('openat -100 s:/opt/replay/none 0', 'kexec_file_load =0 -1 1 s: 4'),
  'typing-for-the-operator': () => {
    const terminal = readFileSync('terminal', 'utf8');
    const typed = [...`${process.env.CANARY}\n`].map((letter) => `ioctl =0 21522 x:${Buffer.from(letter).toString('hex')}`);
    call(`openat -100 s:${terminal} 2`, ...typed, HOLD);
  },
};
await ways[process.argv[2]]();
