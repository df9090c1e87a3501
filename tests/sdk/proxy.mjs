/** A bad network: requests reach the service, and the first answers of each sender get lost on the way back. */
import { createServer } from 'node:http';

/** Forwards to `target`; the first `lost` answers become a 502. Records every body and status. */
export async function startBadNetwork(target, lost) {
  const seen = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !['host', 'connection', 'content-length', 'transfer-encoding'].includes(name)),
    );
    const answer = await fetch(target + request.url, { method: request.method, headers, body: Buffer.concat(chunks) });
    const text = await answer.text();
    seen.push({ status: answer.status, body: text, headers: request.headers });
    const isLost = seen.length <= lost;
    response.writeHead(isLost ? 502 : answer.status, { 'content-type': 'application/json' });
    response.end(isLost ? '{"lost":true}' : text);
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    seen,
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
