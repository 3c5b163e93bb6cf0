import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { AllowEntry } from '../config/index.ts';
import { parseAllowlist } from './allowlist.ts';
import type { Gateway, GatewayEvent, Inspection, UpstreamProxy } from './contract.ts';
import { startGateway } from './gateway.ts';

/** A real gateway that may reach this machine's loopback, and knows three names. */
export async function openGateway(
  entries: readonly AllowEntry[],
  record: (event: GatewayEvent) => void,
  allowRanges: readonly string[] = ['127.0.0.0/8'],
  inspection?: Inspection,
  proxy?: UpstreamProxy,
): Promise<Gateway> {
  const allow = parseAllowlist(entries, {});
  if (!allow.ok) throw new Error(allow.error.why);
  const addresses = {
    'api.test': ['127.0.0.1'],
    'other.test': ['127.0.0.1'],
    'inside.test': ['10.0.0.1'],
    'git.test': ['127.0.0.1'],
    'own.test': ['203.0.113.7'],
  };
  const opened = await startGateway({
    policy: { allow: allow.value, allowRanges },
    resolver: { kind: 'static', addresses },
    ...(inspection !== undefined && { inspection }),
    ...(proxy !== undefined && { proxy }),
    record: async (event) => record(event),
  }).armed;
  if (!opened.ok) throw new Error(opened.error.why);
  return opened.value;
}

/** Runs Python inside the gateway's namespace, with its own resolver over the gateway's; without one where the test runs. */
export function inside(of: Gateway | undefined, code: string): Promise<string> {
  const prelude = `
import socket, struct
def ask(name, kind=1, tcp=False):
    q = b'\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00' + b''.join(bytes([len(l)]) + l.encode() for l in name.split('.')) + b'\\x00' + struct.pack('>HH', kind, 1)
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM); s.settimeout(5); s.connect(('127.0.0.1', 53))
    if tcp: s.send(struct.pack('>H', len(q)) + q); a = s.recv(600)[2:]
    else: s.send(q); a = s.recv(600)
    code = a[3] & 15; answers = struct.unpack('>H', a[6:8])[0]
    return socket.inet_ntoa(a[-4:]) if code == 0 and answers == 1 and kind == 1 else 'code %d answers %d' % (code, answers)
def get(address, port, head):
    s = socket.create_connection((address, port), 5); s.send(head.encode()); out = b''
    try:
        while True:
            part = s.recv(4096)
            if not part: break
            out += part
    except ConnectionResetError: out += b'RESET'
    return out.decode().replace('\\r\\n', ' ')
def attempt(f):
    try: return str(f())
    except OSError as e: return type(e).__name__
`;
  return new Promise((resolve) => {
    const enter = of === undefined ? ['env'] : ['nsenter', `--net=${of.namespacePath}`];
    const [program = '', ...args] = [...enter, 'python3', '-c', prelude + code];
    const child = spawn(program, args);
    let out = '';
    const take = (chunk: Buffer): void => {
      out += chunk.toString('utf8');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('close', () => resolve(out.trim()));
  });
}

/** The native relays of a gateway that run at this moment. */
export function relaysOf(of: Gateway): readonly number[] {
  const parent = of.namespacePath.split('/')[2];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        return (
          stat.slice(stat.lastIndexOf(')')).split(' ')[2] === parent &&
          readlinkSync(`/proc/${pid}/exe`).endsWith('/relay')
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}
