// Completes package-lock.json: npm leaves a platform's optional package out when the registry that made the lock could
// not serve it, and `npm ci` then refuses the whole lock wherever its cache is empty. `--check` only tells.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const systems = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'win32',
  'aix',
  'sunos',
];
const processors = [
  'arm64',
  'arm',
  'x64',
  'ia32',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
  'mips64el',
  'wasm32',
];

/** What the package's own name says of where it runs; a part it does not name is left out. */
function platform(name) {
  const parts = name.split('/').at(-1).split('-');
  const os = systems.find((s) => parts.includes(s));
  const cpu = processors.find((p) => parts.includes(p));
  const libc = parts.some((p) => p.startsWith('musl'))
    ? 'musl'
    : parts.some((p) => p === 'gnu' || p.startsWith('gnueabi'))
      ? 'glibc'
      : undefined;
  return {
    ...(cpu && { cpu: [cpu] }),
    ...(os === 'linux' && libc && { libc: [libc] }),
    ...(os && { os: [os] }),
  };
}

const added = {};
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] || !/^\d/.test(version)) continue;
    const where = platform(name);
    if (!where.os && !where.cpu) continue;
    added[key] = { version, ...where, ...(entry.dev && { dev: true }), optional: true };
  }
}
const names = Object.keys(added);
if (process.argv.includes('--check')) {
  if (names.length > 0) {
    console.error(`package-lock.json leaves out ${names.join(', ')}\n  fix: node setup/lock.mjs`);
    process.exit(1);
  }
} else if (names.length > 0) {
  lock.packages = Object.fromEntries(
    Object.entries({ ...lock.packages, ...added }).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
  );
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`added ${names.length}`);
}
