// <befriend-sign-in>: code + PKCE, by full-page redirect or, with `flow="popup"`, in a window of its own, which
// embed-popup.js sees to. The inner link serves until buttons can be drawn. No cookies, eval, innerHTML, inline
// styles, and no listener for messages of other windows.
const FLOW = 'befriend.flow.';
const ANON = 'befriend.anon';
const POPUP = 'popup.';
const BATCH_MAX = 20; // fits the 64 kB of keepalive
const QUEUE_MAX = 200;
const SKEW_MS = 3e5;

// Reads; or writes, or with null removes. Null where the browser refuses storage.
const storage = (name) => (key, value) => {
  try {
    if (value) window[name].setItem(key, JSON.stringify(value));
    if (value === null) window[name].removeItem(key);
    return JSON.parse(window[name].getItem(key));
  } catch {
    return null;
  }
};
const tab = storage('sessionStorage');
const site = storage('localStorage');

const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const hashed = async (text) => base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
const popups = () => import('./embed-popup.js');
const go = (url, query) => location.assign(`${url}?${new URLSearchParams(query)}`);

async function ask(url, init) {
  const answer = await fetch(url, { credentials: 'omit', ...init });
  const body = await answer.json();
  if (answer.ok) return body;
  throw { ...body, code: body.code ?? body.error };
}

// Throws for other origins, `blob:`, `javascript:`.
function ownUrl(target) {
  const url = new URL(target, location);
  if (url.origin === location.origin && /^https?:$/.test(url.protocol)) return url.href;
  throw { code: 'url_not_ours', detail: target };
}

// One per page
class Client {
  state = 'idle';
  views = new Set();
  queue = [];

  constructor(base, id, lang) {
    Object.assign(this, { base, id, key: `befriend.session ${base} ${id}` });
    this.session = tab(this.key);
    this.token();
    if (this.session) this.state = 'signed-in';
    this.load(lang);
    this.started = this.complete().catch((error) => this.fail(error, true))
      .then(() => this.loaded).catch((error) => this.fail(error));
  }

  // Providers and texts
  load(lang) {
    const query = new URLSearchParams({ client_id: this.id, lang });
    const cache = `befriend.config ${this.base} ${query}`;
    this.lang = lang;
    this.config = tab(cache) ?? this.config; // draws without a wait
    this.loaded = ask(`${this.base}/v1/embed/config?${query}`).then((config) => {
      this.config = tab(cache, config) ?? config;
      this.draw();
      this.flush();
    });
  }

  draw() {
    for (const view of this.views) view.draw();
  }

  set(state, failed) {
    Object.assign(this, { state, failed });
    this.draw();
  }

  emit(...event) {
    return [...this.views].map((view) => view.emit(...event)).every(Boolean);
  }

  fail(error, tellCustomer) {
    const problem = error.code?.at ? error : { code: 'failed', detail: `${error}` };
    console.warn('befriend-sign-in', problem);
    this.set(this.session ? 'signed-in' : 'error', tellCustomer);
    this.emit('error', { problem });
  }

  // What the return must match waits in this tab. A window is opened within the click or not at all.
  async signIn(view, provider) {
    if (this.state === 'busy') return;
    const popup = view.getAttribute('flow') === 'popup' && matchMedia('(pointer: fine)').matches && open('', random(), 'width=480,height=720');
    this.set('busy');
    try {
      const { base, id } = this;
      const redirect_uri = view.redirect;
      const [state, nonce, code_verifier] = [(popup ? POPUP : '') + random(), random(), random()];
      const back = ownUrl(view.getAttribute('return-to') ?? location.href);
      const flow = { base, id, nonce, code_verifier, redirect_uri, provider, back };
      const query = {
        response_type: 'code',
        client_id: id,
        redirect_uri,
        scope: view.getAttribute('scope') ?? 'openid profile email',
        state,
        nonce,
        code_challenge: await hashed(code_verifier),
        code_challenge_method: 'S256',
        ui_locales: view.language,
        ...(provider && { provider }),
      };
      if (popup) return (await popups()).begin(this, popup, query, flow, { ask, random, hashed });
      if (!tab(FLOW + state, flow)) throw { code: 'storage_blocked' };
      go(`${base}/oauth/authorize`, query);
    } catch (error) {
      if (popup) popup.close();
      this.fail(error, true);
    }
  }

  // An answer to no sign-in of this tab is left alone, unless it is for the page that opened this window.
  async complete() {
    const url = new URL(location);
    const answer = Object.fromEntries(url.searchParams);
    const { state } = answer;
    const flow = tab(FLOW + state);
    if (!flow && state?.startsWith(POPUP)) return (await popups()).pass(answer);
    if (flow?.id !== this.id || flow.base !== this.base) return;
    tab(FLOW + state, null);
    for (const name of ['code', 'state', 'iss', 'error', 'error_description']) url.searchParams.delete(name);
    history.replaceState(history.state, '', url);
    await this.settle(answer, flow);
  }

  async settle({ code, iss, error, error_description: detail }, flow) {
    this.set('busy');
    await this.loaded;
    const { issuer } = this.config;
    if (iss !== issuer) throw { code: 'issuer_mismatch' };
    if (error === 'access_denied') {
      this.set(this.session ? 'signed-in' : 'idle');
      return this.emit('cancel');
    }
    if (error) throw { code: error, detail };
    this.session = tab(this.key, await this.exchange(code, flow, issuer));
    if (flow.provider) site(`befriend.last ${this.id}`, flow.provider);
    if (site(ANON)) this.push({ type: 'identify' });
    this.set('signed-in');
    const leave = this.emit('success', { customer: this.session.customer }, true);
    if (leave && flow.back !== location.href) location.replace(flow.back);
  }

  // TLS from the token endpoint stands in for the ID token's signature (OIDC Core 3.1.3.7). Lifetimes count
  // from now: clocks may be wrong.
  async exchange(code, { nonce, code_verifier, redirect_uri }, issuer) {
    const form = { grant_type: 'authorization_code', client_id: this.id, code, code_verifier, redirect_uri };
    const tokens = await ask(`${this.base}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
    const { iss, aud, nonce: echo, sub, exp, iat } = JSON.parse(atob(tokens.id_token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
    const now = Date.now();
    const customer = await ask(`${this.base}/oauth/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    const theirs = iss === issuer && aud === this.id && echo === nonce && sub && sub === customer.sub;
    if (!theirs || !(exp * 1e3 > now - SKEW_MS)) throw { code: 'id_token_invalid' };
    return { ...tokens, customer, fresh: now + (exp - iat) * 1e3, expires: now + tokens.expires_in * 1e3 };
  }

  token(kind) {
    if (this.session?.expires < Date.now()) {
      this.session = tab(this.key, null);
      this.set('idle');
    }
    if (kind === 'access') return this.session?.access_token;
    if (this.session?.fresh > Date.now()) return this.session.id_token;
  }

  signOut(view) {
    const id_token_hint = this.session?.id_token;
    const post_logout_redirect_uri = view.redirect;
    this.flush();
    this.session = tab(this.key, null);
    site(ANON, null);
    this.set('idle');
    this.emit('signed-out');
    if (id_token_hint) go(`${this.base}/oauth/logout`, { id_token_hint, post_logout_redirect_uri, client_id: this.id });
  }

  push(event) {
    if (this.queue.length >= QUEUE_MAX) return;
    const idToken = this.token();
    this.queue.push({
      ...event,
      messageId: random(),
      timestamp: new Date(),
      anonymousId: site(ANON) ?? site(ANON, random()) ?? random(),
      userId: idToken && this.session.customer.sub,
      context: { page: { path: location.pathname }, idToken },
    });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), 250);
  }

  async flush() {
    const writeKey = this.config?.write_key;
    if (!writeKey || !this.queue[0]) return;
    const batch = this.queue.splice(0, BATCH_MAX);
    const body = JSON.stringify({ writeKey, batch, sentAt: new Date() }); // text/plain: no preflight
    const answer = await fetch(`${this.base}/v1/batch`, { method: 'POST', keepalive: true, credentials: 'omit', body }).catch(() => {});
    if (answer?.status < 500 && answer.status !== 429) return this.flush();
    this.queue.unshift(...batch); // goes with the next event, or on leaving
  }
}

const clients = new Map();
addEventListener('pagehide', () => clients.forEach((client) => client.flush()));
// Back from the browser's cache.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) clients.forEach((client) => client.set(client.session ? 'signed-in' : 'idle'));
});

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host(:not([hidden])) { display: block; font: var(--befriend-font, inherit) }
:host([theme=light]) { color-scheme: light }
:host([theme=dark]) { color-scheme: dark }
div { display: flex; flex-direction: column; gap: var(--befriend-gap, 8px) }
:host([layout]:not([layout=stack])) div, .known { flex-flow: wrap; align-items: center }
button, ::slotted(a) { box-sizing: border-box; display: flex; align-items: center; justify-content: center; gap: 10px;
  min-height: var(--befriend-height, 44px); min-width: 44px; padding: 4px 16px; font: inherit; cursor: pointer;
  color: var(--befriend-ink, light-dark(#1d1f24, #f1f1f3)); background: var(--befriend-surface, light-dark(#fff, #23252b));
  border: 1px solid var(--befriend-border, light-dark(#747780, #8d909a)); border-radius: var(--befriend-radius, 10px) }
:host([theme=neutral]) button { color: inherit; background: none; border-color: currentColor }
button:focus-visible { outline: 2px solid var(--befriend-focus, currentColor); outline-offset: 2px }
[part=icon] { width: 20px }
small { padding: 0 6px; border: 1px solid }
:host([layout=icons]) [part=icon] ~ * { position: absolute; clip-path: inset(50%) }
p { margin: 6px 0; color: var(--befriend-error, light-dark(#b3261e, #ffb4ab)) }
p:empty { display: none }
`);

const GOOGLE = { '#ea4335': 'M18 6A8 8 0 0 0 5 8', '#fbbc05': 'M5 8a8 8 0 0 0 0 8', '#34a853': 'M5 16a8 8 0 0 0 12 2', '#4285f4': 'M17 18a8 8 0 0 0 3-6h-8' };

function node(name, attributes, ...children) {
  const made = document.createElementNS(`http://www.w3.org/${/svg|path/.test(name) ? '2000/svg' : '1999/xhtml'}`, name);
  for (const key in attributes) made.setAttribute(key, attributes[key] ?? '');
  made.append(...children);
  return made;
}

// Google's rules ask for its mark; others get their initial.
function icon(key, name) {
  const attributes = { part: 'icon', 'aria-hidden': true, viewBox: '0 0 24 24' };
  if (key !== 'google') return node('b', attributes, key === 'email' ? '@' : name[0]);
  return node('svg', attributes, ...Object.entries(GOOGLE).map(([stroke, d]) => node('path', { stroke, d, fill: 'none', 'stroke-width': 4 })));
}

class BefriendSignIn extends HTMLElement {
  static observedAttributes = ['client-id', 'issuer', 'providers', 'label', 'lang'];

  #client;
  #internals = this.attachInternals();
  #shadow = this.attachShadow({ mode: 'open' });

  connectedCallback() {
    const id = this.getAttribute('client-id');
    const base = (this.getAttribute('issuer') ?? new URL(import.meta.url).origin).replace(/\/$/, '');
    this.#shadow.adoptedStyleSheets = [sheet];
    const lang = this.language;
    if (!clients.has(base + id)) clients.set(base + id, new Client(base, id, lang));
    const client = (this.#client = clients.get(base + id));
    if (client.lang !== lang) client.load(lang);
    client.views.add(this);
    this.draw();
    client.started.then(() => client === this.#client && this.emit('ready', { customer: this.customer }));
  }

  disconnectedCallback() {
    this.#client.views.delete(this);
    this.#client = null;
  }

  attributeChangedCallback() {
    if (!this.#client) return;
    this.disconnectedCallback();
    this.connectedCallback();
  }

  get customer() {
    return this.#client?.session?.customer ?? null;
  }

  get state() {
    return this.#client?.state ?? 'idle';
  }

  get language() {
    return this.closest('[lang]')?.lang || navigator.language;
  }

  get redirect() {
    return ownUrl(this.getAttribute('redirect-uri') ?? location.pathname);
  }

  // Without a provider: the hosted page.
  async signIn(provider) {
    if (this.emit('start', { provider }, true)) await this.#client.signIn(this, provider);
  }

  async signOut() {
    this.#client.signOut(this);
  }

  // The ID token, or the 'access' token; null when stale.
  async getToken(kind) {
    return this.#client.token(kind) ?? null;
  }

  openPreferences() {
    go(`${this.#client.base}/me`, { client_id: this.#client.id });
  }

  track(event, properties) {
    this.#client.push({ type: 'track', event, properties });
  }

  identify(traits) {
    this.#client.push({ type: 'identify', traits });
  }

  emit(name, detail, cancelable) {
    return this.dispatchEvent(new CustomEvent(`befriend-${name}`, { detail, cancelable, bubbles: true, composed: true }));
  }

  draw() {
    const { state, failed, config } = this.#client;
    const { states } = this.#internals;
    states.clear();
    states.add(state);
    const focus = [...this.#shadow.querySelectorAll('button')].indexOf(this.#shadow.activeElement);
    // Labels continue, sign-in, sign-up; email; greeting; sign-out; last used; failure
    const { lang, dir, texts } = config?.words ?? { texts: Array(8).fill('') };
    this.#shadow.replaceChildren(node('section', { lang, dir },
      this.customer ? this.#greeting(texts) : this.#buttons(texts),
      node('p', { part: 'message', role: 'status' }, failed ? texts[7] : '')));
    this.#shadow.querySelectorAll('button')[focus]?.focus();
  }

  #button(part, action, ...children) {
    const made = node('button', { part, type: 'button' }, ...children);
    made.onclick = action;
    return made;
  }

  #greeting(texts) {
    const { given_name, name, email } = this.customer;
    return node('div', { class: 'known' },
      node('span', { part: 'greeting' }, texts[4].replace('{}', given_name ?? name ?? email ?? '')),
      this.#button('sign-out', () => this.signOut(), texts[5]));
  }

  // `providers=""`: one button to the hosted page, named by the inner link
  #buttons(texts) {
    const { config, id } = this.#client;
    const wanted = this.getAttribute('providers')?.split(/[ ,]+/);
    const names = Object.fromEntries(config?.providers.map(({ key, label }) => [key, label]) ?? []);
    const keys = wanted ?? Object.keys(names);
    if (!keys.length || (!config && keys[0])) return node('slot');
    const label = texts[{ 'sign-in': 1, 'sign-up': 2 }[this.getAttribute('label')] ?? 0];
    return node('div', { part: 'list', role: 'group' }, ...keys.map((key) => {
      if (!key) return this.#button('button', () => this.signIn(), this.textContent.trim());
      const name = key === 'email' ? texts[3] : names[key] ?? key;
      const last = key === site(`befriend.last ${id}`) ? [node('small', {}, texts[6])] : [];
      const text = node('span', { part: 'label' }, label.replace('{}', name));
      return this.#button(`button ${key}`, () => this.signIn(key === 'email' ? undefined : key), icon(key, name), text, ...last);
    }));
  }
}

customElements.define('befriend-sign-in', BefriendSignIn);
