// Takes more of one thing than its limit, and holds it for a moment; each has an end of its own.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const said = (error) => console.log(error.code);
const ways = {
  processes: async () => {
    for (let count = 0; count < 120; count += 1) spawn('sleep', ['2'], { stdio: 'ignore' }).on('error', said);
    await new Promise((resolve) => setTimeout(resolve, 1500));
  },
  memory: async () => {
    const held = [];
    for (let count = 0; count < 30; count += 1) held.push(Buffer.alloc(10_000_000, count + 1));
    await new Promise((resolve) => setTimeout(resolve, 500));
    console.log(held.length);
  },
  bytes: async () => {
    try {
      for (let count = 0; count < 40; count += 1) writeFileSync(`/tmp/${count}`, Buffer.alloc(1_000_000, 1));
    } catch (error) {
      said(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 700));
  },
  files: async () => {
    try {
      for (let count = 0; count < 2000; count += 1) writeFileSync(`/tmp/${count}`, '');
    } catch (error) {
      said(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 700));
  },
  time: async () => {
    process.on('SIGTERM', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 9000));
  },
};
await ways[process.argv[2]]();
