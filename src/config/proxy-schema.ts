import { z } from 'zod';

const ABSOLUTE = /^\/[^\0]{0,4000}$/;
const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const HOST = `${LABEL}(?:\\.${LABEL}){0,20}`;
const LITERAL = '[0-9A-Fa-f:.]{2,45}';
const URL = new RegExp(`^(?:https?|socks5)://(?:${HOST}|\\[${LITERAL}\\]):[0-9]{1,5}/?$`);
const EXCEPTION = new RegExp(`^(?:(?:\\*\\.)?${HOST}|${LITERAL}(?:/[0-9]{1,3})?)$`);
const urlError =
  'must be http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT; user and password stand in the file that `credentials` names';
const exceptionError = 'must be a host, *.host, an address or a range such as 10.0.0.0/8';

function file(description: string) {
  const error = 'must be an absolute path';
  return z.string({ error }).regex(ABSOLUTE, { error }).describe(description);
}

export const proxy = z
  .strictObject({
    url: z
      .string({ error: urlError })
      .max(300, { error: urlError })
      .regex(URL, { error: urlError })
      .describe(
        'Where it is: `http://HOST:PORT` or `https://HOST:PORT` (CONNECT; with `https` the way to the proxy is encrypted too), ' +
          'or `socks5://HOST:PORT`. Its address may be a private one.',
      ),
    credentials: file(
      'A file of yours alone (mode 600) with one line, `user:password`. Only the gateway\u2019s process holds it: no job, record or message.',
    ).optional(),
    authorities: file(
      'Certificates (PEM) of authorities that may vouch for an `https` proxy, beside those that this machine trusts.',
    ).optional(),
    resolves: z
      .enum(['gateway', 'proxy'])
      .describe(
        'Who finds the address of an allowed name. `gateway` (the default): Cofferdam does, checks it and asks the proxy for that ' +
          'address. `proxy`: the proxy is asked for the name; where that leads is then not checked, and every record says so.',
      )
      .optional(),
    except: z
      .array(z.string({ error: exceptionError }).regex(EXCEPTION, { error: exceptionError }))
      .max(200, { error: 'may hold 200 entries' })
      .describe(
        'Allowed destinations that are reached without the proxy: `host`, `*.host`, an address or a range of addresses.',
      )
      .optional(),
  })
  .describe(
    'The proxy by which the gateway reaches what is allowed. Nothing is ever dialled without it but what `except` names. Only the ' +
      'operator\u2019s file may hold it.',
  );
