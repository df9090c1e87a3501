/**
 * The sample shop. It shows what a brand's own site does with Befriend: the element signs people in and
 * reports what they look at; the shop's server, which holds the secret key, reports what counts (an order,
 * a complaint) and asks where the customer stands.
 */
import { goodById, money } from '/goods.js';

const LEDGER_MAX = 8;
const QUANTITY_MAX = 20;
const STANDING_TRIES = 6;
const STANDING_EVERY_MS = 700;
const STAGES = ['stranger', 'acquaintance', 'friend', 'advocate'];

const one = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const show = (node, shown = true) => node?.toggleAttribute('hidden', !shown);
/** The element in the header. Should Befriend be away it stays a plain link, and the shop goes on. */
const door = one('befriend-sign-in');

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function toast(text) {
  one('[data-toast]').textContent = text;
  setTimeout(() => one('[data-toast]').replaceChildren(), 5000);
}

// --- what was told to Befriend --------------------------------------------------------------------------

const ledger = () => JSON.parse(sessionStorage.getItem('crumb.ledger') ?? '[]');

function note(event, about, by) {
  const entries = [{ event, about, by, at: Date.now() }, ...ledger()].slice(0, LEDGER_MAX);
  sessionStorage.setItem('crumb.ledger', JSON.stringify(entries));
  drawLedger();
}

function drawLedger() {
  const entries = ledger();
  if (!entries.length) return;
  const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
  one('[data-ledger]').replaceChildren(...entries.map(({ event, about, by, at }) => element('li', {},
    element('time', { dateTime: new Date(at).toISOString() }, time.format(at)),
    element('strong', {}, event),
    element('span', {}, about),
    element('span', { className: 'soft' }, `from the ${by}`))));
}

function track(event, properties, about) {
  door.track?.(event, properties);
  note(event, about, 'page');
}

// --- the basket -----------------------------------------------------------------------------------------

/** The basket as [good, quantity] pairs; whatever is no longer on the shelf drops out. */
function basket() {
  const kept = JSON.parse(localStorage.getItem('crumb.basket') ?? '{}');
  return Object.entries(kept).map(([id, quantity]) => [goodById(id), quantity]).filter(([good, quantity]) => good && quantity > 0);
}

function put(id, change) {
  const kept = Object.fromEntries(basket().map(([good, quantity]) => [good.id, quantity]));
  kept[id] = Math.min(QUANTITY_MAX, Math.max(0, (kept[id] ?? 0) + change));
  localStorage.setItem('crumb.basket', JSON.stringify(kept));
  drawBasket();
}

const sumOf = (lines) => lines.reduce((sum, [good, quantity]) => sum + good.price * quantity, 0);
const forEvent = (good, quantity = 1) =>
  ({ product_id: good.id, name: good.name, category: good.kind, price: good.price, currency: 'EUR', quantity });

function add(id) {
  const good = goodById(id);
  put(id, 1);
  track('Product Added', forEvent(good), good.name);
  toast(`${good.name} is in your basket.`);
}

function drawBasket() {
  const lines = basket();
  const count = lines.reduce((sum, [, quantity]) => sum + quantity, 0);
  const badge = one('[data-basket-count]');
  badge.textContent = count;
  show(badge, count > 0);
  const list = one('[data-basket]');
  if (!list) return;
  list.replaceChildren(...lines.map(([good, quantity]) => element('li', {},
    element('span', {}, `${quantity} × ${good.name}`),
    element('span', { className: 'price' }, money(good.price * quantity)),
    element('button', { type: 'button', className: 'plain', ariaLabel: `One ${good.name} less`, onclick: () => put(good.id, -1) }, '−'))));
  show(one('[data-basket-empty]'), !count);
  show(one('[data-basket-total]'), count > 0);
  show(one('[data-order]'), count > 0);
  one('[data-total]').textContent = money(sumOf(lines));
  one('[data-order]').textContent = door.customer ? 'Place order' : 'Sign in and order';
}

// --- the shop's own server ------------------------------------------------------------------------------

const tokenNow = async () => door.getToken?.();

async function post(path, body) {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, idToken: await tokenNow() }),
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
}

function orderNumber() {
  const [number] = crypto.getRandomValues(new Uint32Array(1));
  return `CR-${number.toString(36).toUpperCase().padStart(7, '0')}`;
}

/** Only the server's word makes an order count: the page sends it there, and the server tells Befriend. */
async function order() {
  if (!(await tokenNow())) return door.signIn();
  const button = one('[data-order]');
  button.disabled = true;
  const lines = basket();
  const orderId = orderNumber();
  const total = Math.round(sumOf(lines) * 100) / 100;
  try {
    await post('/order', { orderId, total, products: lines.map(([good, quantity]) => forEvent(good, quantity)) });
    localStorage.removeItem('crumb.basket');
    sessionStorage.setItem('crumb.order', orderId);
    note('Order Completed', `${orderId}, ${money(total)}`, 'server');
    location.assign(`/thanks.html?order=${orderId}`);
  } catch (error) {
    console.warn(error);
    toast('The order did not go through. Nothing was charged; please try again.');
    button.disabled = false;
  }
}

async function complain(text) {
  if (!(await tokenNow())) return door.signIn();
  try {
    await post('/complaint', { text, orderId: sessionStorage.getItem('crumb.order') });
    note('Dispute Opened', text.slice(0, 60), 'server');
    toast('Thank you for telling us. A person will answer.');
    drawStanding(STANDING_TRIES);
  } catch (error) {
    console.warn(error);
    toast('That did not reach us. Please try again.');
  }
}

// --- where the customer stands --------------------------------------------------------------------------

/** {stage, since, next} from the shop's server, or null for somebody it does not know. */
async function standing() {
  const token = await tokenNow();
  if (!token) return null;
  const answer = await fetch('/standing', { headers: { authorization: `Bearer ${token}` } }).catch(() => null);
  return answer?.ok ? answer.json() : null;
}

/** Draws the standing; where something was just reported, looks again for a few seconds. */
async function drawStanding(tries = 1) {
  const line = one('[data-standing-line]');
  if (!line || !door.customer) return;
  for (let left = tries; left > 0; left -= 1) {
    const now = await standing();
    if (now) drawStage(now);
    else line.textContent = 'We know your name; how well we know you could not be looked up just now.';
    if (left > 1) await new Promise((done) => setTimeout(done, STANDING_EVERY_MS));
  }
}

function drawStage({ stage, since, next }) {
  const date = since && new Intl.DateTimeFormat('en-GB', { dateStyle: 'long' }).format(new Date(since));
  one('[data-standing-line]').replaceChildren('Your stage here: ', element('strong', {}, stage), date ? `, since ${date}` : '');
  const reached = STAGES.indexOf(stage);
  for (const step of all('[data-path] [data-stage]')) {
    const at = STAGES.indexOf(step.dataset.stage);
    step.classList.toggle('reached', at <= reached);
    if (at === reached) step.setAttribute('aria-current', 'step');
    else step.removeAttribute('aria-current');
  }
  const line = one('[data-standing-next]');
  line.textContent = next ?? '';
  show(line, Boolean(next));
}

// --- the pages ------------------------------------------------------------------------------------------

function openProduct() {
  const good = goodById(new URLSearchParams(location.search).get('id'));
  if (!good) return show(one('[data-missing]'));
  document.title = `${good.name}, Crumb & Co`;
  one('[data-picture]').src = `/${good.id}.svg`;
  for (const key of ['kind', 'name', 'note', 'inside', 'allergens', 'keeps']) one(`[data-${key}]`).textContent = good[key];
  one('[data-cost]').textContent = money(good.price);
  one('[data-add-this]').onclick = () => add(good.id);
  show(one('[data-product]'));
  track('Product Viewed', forEvent(good), good.name);
}

function openThanks() {
  const id = new URLSearchParams(location.search).get('order') ?? '';
  if (/^CR-[0-9A-Z]+$/.test(id)) one('[data-order-id]').textContent = `Order ${id}`;
}

function listen() {
  for (const button of all('[data-add]')) {
    show(button);
    button.onclick = () => add(button.dataset.add);
  }
  one('[data-order]')?.addEventListener('click', order);
  const sheet = one('[data-complaint]');
  for (const button of all('[data-complain]')) {
    show(button);
    button.onclick = () => sheet.showModal();
  }
  sheet.querySelector('[data-close]').onclick = () => sheet.close();
  sheet.querySelector('form').onsubmit = (event) => {
    complain(new FormData(event.target).get('text'));
    event.target.reset();
  };
  door.addEventListener('befriend-success', ({ detail }) => {
    note('Signed In', detail.customer.given_name ?? detail.customer.name ?? '', 'sign-in');
    drawBasket();
    drawStanding(STANDING_TRIES);
  });
  door.addEventListener('befriend-signed-out', () => sessionStorage.removeItem('crumb.ledger'));
}

listen();
drawBasket();
drawLedger();
drawStanding(document.body.dataset.page === 'thanks' ? STANDING_TRIES : 1);
({ product: openProduct, thanks: openThanks })[document.body.dataset.page]?.();
