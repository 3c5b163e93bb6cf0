// Takes more of one thing than its limit, and holds it for a moment; each has an end of its own.
import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream, openSync, writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const said = (error) => console.log(error.code);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function fill(folder, count, content) {
  try {
    for (let at = 0; at < count; at += 1) writeFileSync(`${folder}/${at}`, content);
  } catch (error) {
    said(error);
  }
  await wait(700);
}
const MEGABYTE = Buffer.alloc(1_000_000, 1);
const ways = {
  processes: async () => {
    for (let count = 0; count < 300; count += 1) spawn('sleep', ['2'], { stdio: 'ignore' }).on('error', said);
    await wait(1500);
  },
  memory: async () => {
    const held = [];
    for (let count = 0; count < 30; count += 1) held.push(Buffer.alloc(10_000_000, count + 1));
    await wait(500);
    console.log(held.length);
  },
  'memory-in-files': async () => {
    await fill('/dev/shm', 60, MEGABYTE);
    await fill('/tmp', 140, MEGABYTE);
  },
  processors: async () => {
    for (let count = 0; count < 12; count += 1) spawn('timeout', ['2', 'sh', '-c', 'while :; do :; done']);
    await wait(2500);
  },
  bytes: () => fill('/tmp', 40, MEGABYTE),
  files: () => fill('/tmp', 2000, ''),
  zip: async () => {
    await pipeline(createReadStream('bomb.gz'), createGunzip(), createWriteStream('/tmp/unfolded')).catch(said);
    await wait(700);
  },
  'workspace-bytes': () => fill('.', 40, MEGABYTE),
  'workspace-files': () => fill('.', 2000, ''),
  'open-files': async () => {
    try {
      for (let count = 0; count < 1000; count += 1) openSync('/dev/null');
    } catch (error) {
      said(error);
    }
    await wait(500);
  },
  time: async () => {
    process.on('SIGTERM', () => undefined);
    await wait(9000);
  },
};
await ways[process.argv[2]]();
