import { afterAll, beforeAll, expect, test } from 'vitest';
import { Workshop } from '../profiles/job.fixture.ts';

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop('qemu');
});
afterAll(() => workshop.remove());

/** Asks as the C library does, which connects its socket, and as others do, which take a port first and send to anyone. */
const ASK = `
cat >by_library.py <<'end'
import socket
try: socket.gethostbyname('by-library.test')
except OSError: pass
end
cat >without_connecting.py <<'end'
import socket, time
def ask(name):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('0.0.0.0', 0)); s.settimeout(5)
    labels = b''.join(bytes([len(l)]) + l.encode() for l in name.split('.')) + b'\\0'
    server = [l.split()[1] for l in open('/etc/resolv.conf') if l.startswith('nameserver')][0]
    s.sendto(b'\\1\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' + labels + b'\\0\\1\\0\\1', (server, 53))
    s.recv(512)
ask('without-connecting.test')
end
cat >to_an_address.py <<'end'
import socket
s = socket.socket()
s.settimeout(5)
try: s.connect(('198.51.100.7', 4444)); s.recv(1)
except OSError: pass
end
python3 by_library.py; python3 without_connecting.py; python3 to_an_address.py
`;

test('a job in a microVM is known by the program that asked, for each question and connection', async () => {
  const { code, events, record } = await workshop.run(ASK, undefined);
  expect(code).toBe(0);
  expect(record).toBe('whole');
  const askers = events.flatMap((event): (readonly [string, string | undefined])[] => {
    if (event.type === 'dns.question') return [[event.name, event.process?.argv.at(-1)]];
    if (event.type === 'network.connection') return [[event.address, event.process?.argv.at(-1)]];
    return [];
  });
  const of = new Map(askers);
  expect(of.get('by-library.test')).toBe('by_library.py');
  expect(of.get('without-connecting.test')).toBe('without_connecting.py');
  expect(of.get('198.51.100.7')).toBe('to_an_address.py');
});
