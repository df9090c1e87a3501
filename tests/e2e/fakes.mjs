/** Servers that the tests need beside Befriend: providers that know one person each, and sites of a brand. */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';

const json = (reply, body, headers = {}) => reply.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

async function formOf(request) {
  let text = '';
  for await (const part of request) text += part;
  return new URLSearchParams(text);
}

async function listen(handler, host) {
  const server = createServer((request, reply) => {
    Promise.resolve(handler(request, reply)).catch((error) => reply.writeHead(500).end(String(error)));
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  return { origin: `http://${host}:${server.address().port}`, stop: () => new Promise((closed) => { server.closeAllConnections(); server.close(closed); }) };
}

/**
 * A provider of OpenID Connect and of plain OAuth 2.0 at once. Its page cuts itself off from whatever opened it, as
 * providers do, and signs in `person`, which tests set.
 */
export async function startProvider(person) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const grants = new Map();
  const self = { person };

  function idToken({ clientId, nonce }) {
    const now = Math.floor(Date.now() / 1000);
    const head = encode({ alg: 'ES256', kid: 'one', typ: 'JWT' });
    const body = encode({ iss: self.origin, aud: clientId, exp: now + 300, iat: now, nonce, ...self.person });
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${head}.${body}.${signature.toString('base64url')}`;
  }

  async function answer(request, reply) {
    const url = new URL(request.url, self.origin);
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(reply, {
          issuer: self.origin,
          authorization_endpoint: `${self.origin}/authorize`,
          token_endpoint: `${self.origin}/token`,
          userinfo_endpoint: `${self.origin}/userinfo`,
          jwks_uri: `${self.origin}/jwks`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['ES256'],
        });
      case '/jwks':
        return json(reply, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }] });
      case '/authorize': {
        const asked = url.searchParams;
        const code = randomUUID();
        grants.set(code, { clientId: asked.get('client_id'), nonce: asked.get('nonce'), challenge: asked.get('code_challenge') });
        const back = new URL(asked.get('redirect_uri'));
        back.searchParams.set('code', code);
        back.searchParams.set('state', asked.get('state'));
        const html = `<!doctype html><html lang="en"><title>Provider</title><main><h1>Provider</h1><a href="${back.href.replaceAll('&', '&amp;')}">Go on as ${self.person.name}</a></main></html>`;
        return reply.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cross-origin-opener-policy': 'same-origin' }).end(html);
      }
      case '/token': {
        const form = await formOf(request);
        const grant = grants.get(form.get('code'));
        grants.delete(form.get('code'));
        const proves = !grant?.challenge || createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url') === grant.challenge;
        if (!grant || !proves) return reply.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
        return json(reply, { access_token: 'opens-userinfo', token_type: 'Bearer', expires_in: 300, id_token: idToken(grant) });
      }
      case '/userinfo':
        return json(reply, self.person);
      case '/cookie': {
        // Tells whether the browser brings a cookie here, and sets one.
        const headers = { 'access-control-allow-origin': request.headers.origin ?? '*', 'access-control-allow-credentials': 'true', 'set-cookie': 'seen=1; Path=/; SameSite=None; Secure' };
        return json(reply, { brought: /seen=1/.test(request.headers.cookie ?? '') }, headers);
      }
      default:
        return reply.writeHead(404).end();
    }
  }

  Object.assign(self, await listen(answer, '127.0.0.1'));
  return self;
}

/** A site whose pages are `pages`: path to the body of a page. Its policy is as strict as a site's can be, but for the empty icon. */
export async function startSite(issuer, pages, headers = {}) {
  return listen((request, reply) => {
    const body = pages[new URL(request.url, 'http://x').pathname];
    if (body === undefined) return reply.writeHead(404).end();
    return reply
      .writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': `default-src 'none'; script-src ${issuer}; connect-src ${issuer}; frame-src *; img-src data:`,
        ...headers,
      })
      .end(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Site</title><link rel="icon" href="data:,"></head><body><main><h1>Site</h1>${body}</main></body></html>`);
  }, 'localhost');
}
