import { stat } from 'node:fs/promises';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { type ProxySettings, readOperatorFile } from '../../config/index.ts';
import { passwordRequest, type UpstreamProxy } from '../../egress/index.ts';

const MAX_CREDENTIALS = 1_024;
const MAX_AUTHORITIES = 1_048_576;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,20000}-----END CERTIFICATE-----/;

/**
 * The proxy of the operator's file with what the files that it names hold. A proxy that cannot be used as it is written refuses the
 * run: nothing is reached without it. No message holds anything of the credentials. `notIn` is the folder under test.
 */
export async function upstreamProxy(
  settings: ProxySettings | undefined,
  notIn: string,
): Promise<Result<UpstreamProxy | undefined, Refusal>> {
  if (settings === undefined) return ok(undefined);
  const where = new URL(settings.url.replace(/^\w+:/, 'http:'));
  const port = Number(/:(\d{1,5})\/?$/.exec(settings.url)?.[1]);
  if (!(port >= 1 && port <= 65_535))
    return err(wrong('proxy.url has a port that is none', 'correct the port'));
  const kind = settings.url.startsWith('socks5:')
    ? 'socks5'
    : settings.url.startsWith('https:')
      ? 'https'
      : 'http';
  if (settings.authorities !== undefined && kind !== 'https')
    return err(
      wrong('proxy.authorities vouch for https proxies only', 'leave it out, or use an https proxy'),
    );
  const credentials = await credentialsIn(settings.credentials, notIn);
  if (!credentials.ok) return credentials;
  if (
    kind === 'socks5' &&
    credentials.value !== undefined &&
    passwordRequest(credentials.value) === undefined
  )
    return err(
      wrong(
        'the credentials of the proxy cannot be said in SOCKS5',
        'use user and password of 1 to 255 bytes each',
      ),
    );
  const secret = credentials.value;
  const authorities = await authoritiesIn(settings.authorities, notIn);
  if (!authorities.ok) return authorities;
  return ok({
    kind,
    host: where.hostname.replace(/^\[|\]$/g, ''),
    port,
    ...(secret !== undefined && { credentials: () => secret }),
    ...(authorities.value !== undefined && { authorities: authorities.value }),
    resolves: settings.resolves ?? 'gateway',
    except: (settings.except ?? []).map((one) => one.toLowerCase()),
  });
}

async function credentialsIn(
  path: string | undefined,
  notIn: string,
): Promise<Result<string | undefined, Refusal>> {
  if (path === undefined) return ok(undefined);
  const read = await readOperatorFile(path, { notIn, maxBytes: MAX_CREDENTIALS });
  if (!read.ok) return read;
  const mode = await stat(path).then(
    (found) => found.mode,
    () => 0o777,
  );
  if (read.value === undefined)
    return err(wrong(`there is no file ${path}`, 'write user:password into it, mode 600'));
  if ((mode & 0o077) !== 0) return err(wrong(`${path} can be read by others`, `chmod 600 ${path}`));
  const text = read.value.toString('utf8').replace(/\r?\n$/, '');
  // A control character could end the line that it is written into.
  const plain = /^[^:\x00-\x1f\x7f]+:[^\x00-\x1f\x7f]+$/.test(text);
  return plain ? ok(text) : err(wrong(`${path} does not hold one line user:password`, 'write it so'));
}

async function authoritiesIn(
  path: string | undefined,
  notIn: string,
): Promise<Result<string | undefined, Refusal>> {
  if (path === undefined) return ok(undefined);
  const read = await readOperatorFile(path, { notIn, maxBytes: MAX_AUTHORITIES });
  if (!read.ok) return read;
  const text = read.value?.toString('latin1') ?? '';
  return CERTIFICATE.test(text)
    ? ok(text)
    : err(wrong(`${path} holds no certificate`, 'name a file of certificates in PEM'));
}

function wrong(why: string, fix: string): Refusal {
  return refusal('usage', 'config/proxy', why, fix);
}
