// Sign-in in a window of its own. Providers cut a window off from the page that opened it (COOP), so nothing here
// asks either for the other. The answer comes back in one of two ways, and neither carries a token:
//
// - Where the callback is the page that the element is on, the element there passes the answer on over a channel
//   named by `state`, which only pages of the same origin hear.
// - Else Befriend keeps it, and gives it once to whoever knows the secret of this page.
const CHANNEL = 'befriend ';
const WAIT_MS = 1000;
const WAIT_MAX_MS = 6e5; // a sign-in takes ten minutes at most

/** In the opening page: sends `popup` on its way and waits for its answer. */
export async function begin(client, popup, query, flow, { ask, random, hashed }) {
  const channel = new BroadcastChannel(CHANNEL + query.state);
  const ended = Date.now() + WAIT_MAX_MS;
  let taken = false;
  const take = (answer) => {
    if (taken) return;
    taken = true;
    channel.close();
    popup.close(); // where it can still be reached
    client.settle(answer, flow).catch((error) => client.fail(error, true));
  };
  channel.onmessage = ({ data }) => {
    channel.postMessage('taken');
    take(data);
  };
  // Back at this page with nothing heard: perhaps the window was closed. The buttons work again; an answer still counts.
  addEventListener('focus', () => !taken && client.set(client.session ? 'signed-in' : 'idle'), { once: true });

  if (flow.redirect_uri === location.origin + location.pathname) {
    popup.location.replace(`${client.base}/oauth/authorize?${new URLSearchParams(query)}`);
    return;
  }
  const secret = random();
  // A form, because browsers say of a form where it comes from.
  submit(`${client.base}/oauth/authorize`, popup.name, { ...query, handoff: await hashed(secret) });
  while (!taken && Date.now() < ended) {
    await new Promise((resume) => setTimeout(resume, WAIT_MS));
    const body = new URLSearchParams({ client_id: client.id, secret });
    const answer = await ask(`${client.base}/v1/embed/handoff`, { method: 'POST', body }).catch(() => ({}));
    if (answer.code || answer.error) take(answer);
  }
}

/** In the window, back on the site: passes the answer on, and closes once it is taken. */
export function pass(answer) {
  const channel = new BroadcastChannel(CHANNEL + answer.state);
  channel.onmessage = () => close();
  channel.postMessage(answer);
}

function submit(action, target, fields) {
  const form = document.createElement('form');
  Object.assign(form, { action, target, method: 'post', hidden: true });
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement('input');
    Object.assign(input, { type: 'hidden', name, value });
    form.append(input);
  }
  document.body.append(form);
  form.submit();
  form.remove();
}
