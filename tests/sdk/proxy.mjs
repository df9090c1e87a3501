/**
 * A network between an SDK and Befriend, as bad as a test asks: it refuses in Befriend's place, or loses the answer on
 * the way back. It writes down every request that brought events and what became of each of them.
 */
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

const HOP_HEADERS = ['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding'];
const ANSWER_HEADERS = /^(access-control-.*|content-type|retry-after|vary)$/;
/** What a page of another origin must be told to read any answer at all. */
const OPEN = { 'access-control-allow-origin': '*' };

/** The answer is lost: the service has done its work, and the sender hears of a fault of a gateway. */
export const LOST = { isLost: true };

/** An answer in Befriend's own form, which never reaches it. */
export const refusal = (status, code, headers = {}) => ({ status, headers, body: { success: false, code, message: code } });

/** The events that a request brought, whatever they were wrapped in. */
function eventsOf(request, body) {
  const isPacked = request.headers['content-encoding'] === 'gzip';
  const sent = JSON.parse(isPacked ? gunzipSync(body) : body);
  return sent.batch ?? [sent];
}

/** Forwards to `target`; the first requests with events meet what `plan` says, one each. */
export async function startNetwork(target, plan = []) {
  const left = [...plan];
  const seen = [];
  const asked = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const hasEvents = request.method === 'POST' && request.url !== '/v1/m';
    const met = hasEvents ? left.shift() : undefined;
    const record = { path: request.url, headers: request.headers, at: Date.now(), events: hasEvents ? eventsOf(request, body) : [] };
    if (hasEvents) seen.push(record);
    if (met?.status) {
      record.answered = met.status;
      response.writeHead(met.status, { 'content-type': 'application/json', ...OPEN, ...met.headers });
      return response.end(JSON.stringify(met.body));
    }
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !HOP_HEADERS.includes(name)));
    const hasBody = request.method === 'POST';
    const answer = await fetch(target + request.url, { method: request.method, headers, body: hasBody ? body : undefined });
    // Where an SDK is told to send its events, it is to stay on this way.
    const text = (await answer.text()).replaceAll(new URL(target).host, request.headers.host);
    if (!hasEvents) asked.push({ path: request.url, status: answer.status });
    Object.assign(record, { status: answer.status, reply: text, answered: met?.isLost ? 502 : answer.status });
    const kept = Object.fromEntries([...answer.headers].filter(([name]) => ANSWER_HEADERS.test(name)));
    response.writeHead(record.answered, kept);
    return response.end(met?.isLost ? '{"lost":true}' : text);
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    seen,
    /** The other requests: what an SDK asks before it sends. */
    asked,
    /** What Befriend said of every event that reached it, one by one. */
    verdicts() {
      return seen.filter((one) => one.reply !== undefined).flatMap((one) => {
        const told = JSON.parse(one.reply);
        if (told.verdicts) return told.verdicts.map((verdict) => verdict.status);
        return one.events.map(() => (one.status === 400 ? 'rejected' : `refused ${one.status}`));
      });
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
