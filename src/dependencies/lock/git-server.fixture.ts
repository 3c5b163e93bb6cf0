import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A git server with TLS on this machine, which gives whatever commit it is asked for by number, as GitHub\u2019s does. */
export class GitServer {
  readonly certificate: string;
  readonly asked: string[] = [];
  redirect: string | undefined;
  readonly #server: Server;

  constructor(folder: string, root: string) {
    const key = join(folder, 'key.pem');
    this.certificate = join(folder, 'cert.pem');
    execFileSync(
      'openssl',
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost`
        .split(' ')
        .concat('-keyout', key, '-out', this.certificate),
      { stdio: 'pipe' },
    );
    const backend = join(
      execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(),
      'git-http-backend',
    );
    this.#server = createServer(
      { key: readFileSync(key), cert: readFileSync(this.certificate) },
      (request, response) => {
        const url = new URL(request.url ?? '/', 'https://localhost');
        this.asked.push(`${request.method} ${url.pathname}${url.search}`);
        if (this.redirect !== undefined) {
          response.writeHead(301, { location: this.redirect + (request.url ?? '') }).end();
          return;
        }
        const child = spawn(backend, [], {
          env: {
            PATH: process.env['PATH'],
            GIT_PROJECT_ROOT: root,
            GIT_HTTP_EXPORT_ALL: '1',
            GIT_CONFIG_COUNT: '3',
            GIT_CONFIG_KEY_0: 'uploadpack.allowAnySHA1InWant',
            GIT_CONFIG_VALUE_0: 'true',
            GIT_CONFIG_KEY_1: 'uploadpack.allowFilter',
            GIT_CONFIG_VALUE_1: 'true',
            GIT_CONFIG_KEY_2: 'safe.directory',
            GIT_CONFIG_VALUE_2: '*',
            GIT_PROTOCOL: request.headers['git-protocol']?.toString(),
            PATH_INFO: url.pathname,
            QUERY_STRING: url.search.slice(1),
            REQUEST_METHOD: request.method,
            CONTENT_TYPE: request.headers['content-type'],
            HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
            REMOTE_ADDR: '127.0.0.1',
          },
        });
        request.pipe(child.stdin);
        const parts: Buffer[] = [];
        child.stdout.on('data', (part: Buffer) => parts.push(part));
        child.on('close', () => {
          const whole = Buffer.concat(parts);
          const end = whole.indexOf('\r\n\r\n');
          const head = whole.toString('latin1', 0, end).split('\r\n');
          const status = Number(/^Status: (\d+)/m.exec(head.join('\n'))?.[1] ?? 200);
          for (const line of head) {
            const colon = line.indexOf(':');
            if (!line.startsWith('Status'))
              response.setHeader(line.slice(0, colon), line.slice(colon + 1).trim());
          }
          response.writeHead(status).end(whole.subarray(end + 4));
        });
      },
    );
  }

  async listen(): Promise<string> {
    await new Promise<void>((ready) => this.#server.listen(0, 'localhost', ready));
    return `https://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(() => done()));
  }
}
