import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

const MANIFEST = /^\/v2\/([a-z/-]+)\/manifests\/([\w.:-]+)$/;
const BLOB = /^\/v2\/([a-z/-]+)\/blobs\/(sha256:[0-9a-f]{64})$/;
const UPLOAD = /^\/v2\/([a-z/-]+)\/blobs\/uploads\/(?:\?.*)?$/;
const SESSION = /^\/v2\/([a-z/-]+)\/upload\/(\d+)(?:\?digest=([^&]+))?$/;

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** As much of a registry (OCI distribution specification 1.1) as a pull and a push need, on the loopback, in plain HTTP. */
export class Registry {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { readonly type: string; readonly bytes: Buffer }>();
  /** Every request that came, as `GET /v2/`. */
  readonly seen: string[] = [];
  readonly #uploads = new Map<number, Buffer>();
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Keeps a blob, and gives its descriptor. */
  blob(bytes: Buffer, mediaType: string) {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    this.seen.push(`${method} ${url}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const end = (status: number, headers: Record<string, string | number> = {}, bytes?: Buffer): void => {
      response.writeHead(status, headers);
      response.end(method === 'HEAD' ? undefined : bytes);
    };
    if (url === '/v2/') return end(200);
    const [, name = '', reference = ''] = MANIFEST.exec(url) ?? [];
    if (name !== '' && method === 'PUT') {
      const kept = { type: request.headers['content-type'] ?? '', bytes: body };
      for (const key of [reference, digestOf(body)]) this.manifests.set(`${name}@${key}`, kept);
      return end(201, { 'docker-content-digest': digestOf(body) });
    }
    if (name !== '') {
      const found = this.manifests.get(`${name}@${reference}`);
      if (found === undefined) return end(404);
      const digest = digestOf(found.bytes);
      return end(
        200,
        { 'content-type': found.type, 'docker-content-digest': digest, 'content-length': found.bytes.length },
        found.bytes,
      );
    }
    const wanted = BLOB.exec(url)?.[2];
    if (wanted !== undefined) {
      const found = this.blobs.get(wanted);
      return found === undefined ? end(404) : end(200, { 'content-length': found.length }, found);
    }
    const begun = UPLOAD.exec(url)?.[1];
    if (begun !== undefined) {
      const id = this.#uploads.size + 1;
      this.#uploads.set(id, Buffer.alloc(0));
      return end(202, { location: `/v2/${begun}/upload/${id}` });
    }
    const [, , session = '', digest] = SESSION.exec(url) ?? [];
    const bytes = Buffer.concat([this.#uploads.get(Number(session)) ?? Buffer.alloc(0), body]);
    if (session === '') return end(404);
    this.#uploads.set(Number(session), bytes);
    if (digest === undefined) return end(202, { location: url, range: `0-${bytes.length - 1}` });
    if (decodeURIComponent(digest) !== digestOf(bytes)) return end(400);
    this.blobs.set(digestOf(bytes), bytes);
    return end(201, { 'docker-content-digest': digestOf(bytes) });
  }
}
