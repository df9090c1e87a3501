/* Passkeys on our own pages. A form with `data-passkey` asks its server what to ask the
   authenticator, puts the answer into its hidden field, and posts itself as any form does. Where
   there are no passkeys the form stays hidden. */

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

async function optionsOf(form) {
  const answer = await fetch(form.dataset.options, {
    method: 'POST',
    body: new URLSearchParams({ name: form.elements.person?.value ?? '' }),
  });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const options = await answer.json();
  options.challenge = toBytes(options.challenge);
  if (options.user) options.user.id = toBytes(options.user.id);
  for (const known of options.excludeCredentials ?? []) known.id = toBytes(known.id);
  return options;
}

function answerOf(credential) {
  const { response } = credential;
  const answer = {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response: { clientDataJSON: toText(response.clientDataJSON) },
  };
  if (response.attestationObject) {
    answer.response.attestationObject = toText(response.attestationObject);
    answer.response.transports = response.getTransports?.() ?? [];
  } else {
    answer.response.authenticatorData = toText(response.authenticatorData);
    answer.response.signature = toText(response.signature);
    answer.response.userHandle = response.userHandle ? toText(response.userHandle) : null;
  }
  return JSON.stringify(answer);
}

function send(form, credential) {
  form.elements.answer.value = answerOf(credential);
  form.submit();
}

function setUp(form) {
  const container = navigator.credentials;
  const problem = form.querySelector('[role="alert"]');
  // From the start, so that whoever presses the button early stops the offer before it is made.
  const offered = new AbortController();

  async function offer() {
    // Passkeys among what the browser fills in: it waits until somebody picks one.
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const { signal } = offered;
    const publicKey = await optionsOf(form);
    send(form, await container.get({ publicKey, signal, mediation: 'conditional' }));
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    offered.abort();
    problem.hidden = true;
    try {
      const publicKey = await optionsOf(form);
      const makes = form.dataset.passkey === 'create';
      send(form, await (makes ? container.create({ publicKey }) : container.get({ publicKey })));
    } catch (error) {
      problem.textContent =
        error.name === 'InvalidStateError' ? form.dataset.known : form.dataset.failed;
      problem.hidden = false;
    }
  });
  form.hidden = false;
  if (form.dataset.passkey === 'get') offer().catch(() => {});
}

if (window.PublicKeyCredential && navigator.credentials) {
  for (const form of document.querySelectorAll('form[data-passkey]')) setUp(form);
}
