// The page that tries out a site's buttons: shows a choice at once, keeps a trial from leading away, and looks now and
// then whether the site has loaded its buttons. Without this, the form's own button does the first.
const POLL_MS = 3000;

addEventListener('befriend-start', (event) => event.preventDefault());

const form = document.querySelector('[data-trial]');
form.addEventListener('change', () => form.requestSubmit());

const { ink, background } = form.elements;
for (const page of document.querySelectorAll('.trial-page')) {
  if (form.elements.theme.value !== 'neutral') break;
  page.style.setProperty('color', ink.value);
  page.style.setProperty('background', background.value);
}

const unseen = document.querySelector('[data-seen=no]');
const look = async () => {
  if (document.visibilityState === 'visible') {
    const answer = await fetch(location.href).catch(() => {});
    if (answer?.ok && (await answer.text()).includes('data-seen="yes"')) return location.reload();
  }
  setTimeout(look, POLL_MS);
};
if (unseen) setTimeout(look, POLL_MS);
