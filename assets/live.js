/* Shows events as they arrive. What events contain was written by strangers, so rows are built node
   by node and texts are only ever set as text. */

const POLL_MS = 1000;
const RETRY_MS_MAX = 30_000;
const ROWS_MAX = 200;
const SVG = 'http://www.w3.org/2000/svg';
const LABELS = { accepted: 'Accepted', rejected: 'Rejected', duplicate: 'Duplicate' };
const MARKS = {
  accepted: 'M4.5 10.5l3.5 3.5 7.5-8',
  rejected: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
  duplicate: 'M4 4h8.5v8.5H4zM15.5 8v7.5H8',
};

const list = document.getElementById('events');
const state = document.getElementById('live-state');
const pause = document.getElementById('live-pause');

let after = list.dataset.after;
let paused = false;
let wait = POLL_MS;
let timer = 0;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function mark(status) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', MARKS[status]);
  svg.append(path);
  return svg;
}

function who(event) {
  const span = element('span', 'event-who');
  if (event.profile_id) {
    const link = element('a', '', event.who);
    link.href = `${list.dataset.customers}/${encodeURIComponent(event.profile_id)}`;
    span.append(link);
  } else {
    span.textContent = event.who;
  }
  return span;
}

function source(event) {
  const details = element('details');
  const pre = element('pre');
  pre.tabIndex = 0;
  pre.setAttribute('role', 'group');
  pre.setAttribute('aria-label', 'Event as received');
  pre.append(element('code', '', event.json));
  details.append(element('summary', '', 'JSON'), pre);
  return details;
}

/* As the page itself has it: the event as it was sent is judged again; the link leads to where it can
   be edited first. */
function replay(event) {
  const address = `${list.dataset.rejects}/${encodeURIComponent(event.replay_id)}`;
  const form = element('form', 'event-replay');
  form.method = 'post';
  form.action = `${address}/replay`;
  const button = element('button', 'button button-small', 'Replay');
  button.append(element('span', 'unseen', ` ${event.name}`));
  const link = element('a', '', 'Mend it first');
  link.append(element('span', 'unseen', `: ${event.name}`));
  link.href = address;
  form.append(button, link);
  return form;
}

function row(event) {
  const item = element('li', 'event is-new');
  item.dataset.id = event.id;
  const status = element('span', `status status-${event.status}`);
  status.append(mark(event.status), LABELS[event.status]);
  const time = element('time', '', event.time);
  time.dateTime = event.datetime;
  const text = element('div', 'event-text');
  const title = element('p', 'event-title');
  title.append(element('strong', '', event.name), ' ', who(event));
  text.append(title);
  if (event.reason) text.append(element('p', 'event-reason', event.reason));
  if (event.effect) text.append(element('p', 'event-effect', event.effect));
  if (event.replayed) text.append(element('p', 'event-replayed', event.replayed));
  if (event.replay_id) text.append(replay(event));
  text.append(source(event));
  item.append(status, time, text);
  return item;
}

/* What an event did is known a moment after it arrived, so an update may tell it again with more. */
function tellEffect(item, event) {
  if (!event.effect || item.querySelector('.event-effect')) return;
  item.querySelector('details').before(element('p', 'event-effect', event.effect));
}

function add(events) {
  const known = new Map([...list.children].map((item) => [item.dataset.id, item]));
  for (const event of events) {
    if (known.has(event.id)) tellEffect(known.get(event.id), event);
  }
  const rows = events
    .filter((event) => event.status in LABELS && !known.has(event.id))
    .map(row);
  list.prepend(...rows);
  // Rows that somebody has opened stay, however many come.
  for (let last = list.lastElementChild; list.childElementCount > ROWS_MAX && last;) {
    const before = last.previousElementSibling;
    if (!last.querySelector('details[open]')) last.remove();
    last = before;
  }
}

/* The line is only rewritten when it changes, so that it is not read out again and again. */
function say(text, live) {
  if (state.textContent !== text) state.textContent = text;
  state.classList.toggle('is-live', live);
}

async function poll() {
  timer = 0;
  try {
    const address = new URL(list.dataset.feed, location.href);
    address.searchParams.set('after', after);
    const reply = await fetch(address, { headers: { accept: 'application/json' } });
    if (reply.redirected || reply.status === 401) {
      say('You are signed out. Reload the page to sign in.', false);
      return;
    }
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    const update = await reply.json();
    add(update.events);
    after = update.newest;
    wait = POLL_MS;
    if (!paused) say('Events appear as they arrive', true);
  } catch {
    wait = Math.min(wait * 2, RETRY_MS_MAX);
    if (!paused) say('The server does not answer. Trying again.', false);
  }
  plan();
}

function plan() {
  clearTimeout(timer);
  timer = paused || document.hidden ? 0 : setTimeout(poll, wait);
}

pause.hidden = false;
pause.addEventListener('click', () => {
  paused = !paused;
  pause.textContent = paused ? 'Resume' : 'Pause';
  say(paused ? 'Paused' : 'Events appear as they arrive', !paused);
  plan();
});
document.addEventListener('visibilitychange', plan);
poll();
