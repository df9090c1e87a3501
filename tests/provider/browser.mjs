/** As much of a browser as redirects, cookies and forms need; no scripts run. */
export class Browser {
  #cookies = new Map();

  async get(url) {
    return this.#go(url, { method: 'GET' });
  }

  /** Sends the page's form with `fields` filled in; `button` picks one by its text where there are several. */
  async submit(page, fields, button) {
    const forms = [...page.text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)];
    const form = forms.find(([, , inside]) => !button || button.test(inside)) ?? forms[0];
    if (!form) throw new Error(`no form at ${page.url}:\n${page.text}`);
    const [, attributes, inside] = form;
    const values = new URLSearchParams();
    for (const [, input] of inside.matchAll(/<input\b([^>]*)>/g)) {
      const name = attribute(input, 'name');
      const type = attribute(input, 'type') ?? 'text';
      if (!name || (['checkbox', 'radio'].includes(type) && !/\bchecked\b/.test(input))) continue;
      values.set(name, attribute(input, 'value') ?? '');
    }
    for (const [, given, label] of inside.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/g)) {
      const name = attribute(given, 'name');
      if (name && (!button || button.test(label))) {
        values.set(name, attribute(given, 'value') ?? '');
        break;
      }
    }
    for (const [name, value] of Object.entries(fields)) values.set(name, value);
    const action = new URL(attribute(attributes, 'action') ?? page.url, page.url);
    return this.#go(action.href, {
      method: 'POST',
      body: values.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    });
  }

  async #go(url, request) {
    for (let hops = 0; hops < 20; hops += 1) {
      const headers = { ...request.headers, cookie: this.#cookieHeader(url) };
      let answer;
      try {
        answer = await fetch(url, { ...request, headers, redirect: 'manual' });
      } catch (error) {
        // The site itself is not running: where the browser was sent is all that matters.
        if (url.startsWith('http://127.0.0.1:9/')) return { url, status: 0, text: '' };
        throw error;
      }
      this.#keepCookies(url, answer);
      let next = answer.headers.get('location');
      if (!next || answer.status < 300 || answer.status >= 400) {
        const text = decode(await answer.text());
        // A page that only hands on: redirects after a form may not leave the site.
        next = /http-equiv="refresh" content="0; ?url=([^"]+)"/.exec(text)?.[1].replaceAll('&amp;', '&');
        if (!next) return { url, status: answer.status, text };
      }
      url = new URL(next, url).href;
      if (url.startsWith('http://127.0.0.1:9/')) return { url, status: 0, text: '' };
      request = { method: 'GET' };
    }
    throw new Error(`too many redirects at ${url}`);
  }

  #cookieHeader(url) {
    const jar = this.#cookies.get(new URL(url).host) ?? new Map();
    return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #keepCookies(url, answer) {
    const host = new URL(url).host;
    const jar = this.#cookies.get(host) ?? new Map();
    this.#cookies.set(host, jar);
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const at = pair.indexOf('=');
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      if (value === '' || /max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
  }
}

function attribute(text, name) {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(text);
  return found ? found[1].replaceAll('&amp;', '&') : undefined;
}

function decode(text) {
  return text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}
