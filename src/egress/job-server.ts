import { createServer, type Server, type Socket } from 'node:net';

/**
 * Takes connections of the job's. What is said on them is sent at once: a TLS server's last words of a handshake and its first
 * answer are small and follow one another, and the second would wait until the client says that it has the first, which clients
 * put off for 40 ms.
 */
export function jobServer(take: (client: Socket) => void): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, take);
}
