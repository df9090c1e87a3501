/** An `oidc-provider` on a port of its own. Whoever types a name there is that person. */
import { generateKeyPairSync } from 'node:crypto';

import { Provider } from 'oidc-provider';

import { freePort } from '../program/befriend.mjs';

function key(algorithm) {
  const pair = {
    RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: () => generateKeyPairSync('ed25519'),
  }[algorithm]();
  return { ...pair.privateKey.export({ format: 'jwk' }), alg: algorithm, use: 'sig', kid: `${algorithm}-1` };
}

export async function startProvider({ callback, algorithm, domain = `${algorithm.toLowerCase()}.example` }) {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'befriend',
      client_secret: 'a-secret-of-the-test-that-is-long-enough',
      redirect_uris: [callback],
      id_token_signed_response_alg: algorithm,
    }],
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
    jwks: { keys: [key(algorithm)] },
    cookies: { keys: ['a key of the test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'] },
    async findAccount(_, id) {
      return {
        accountId: id,
        claims: async () => ({
          sub: id, name: `${id} of ${domain}`, given_name: id, family_name: 'Test', email: `${id}@${domain}`,
          email_verified: true,
        }),
      };
    },
  });
  const server = provider.listen(port, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  return {
    issuer,
    stop: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }),
  };
}
