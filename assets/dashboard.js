/* What pages gain when scripts run: copying, a menu that closes, figures read by keyboard. Every
   page works without it. */

const COPIED_MS = 2000;

for (const button of document.querySelectorAll('button[data-copy]')) {
  if (!navigator.clipboard) break;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = 'Selected';
    }
    setTimeout(() => { button.textContent = label; }, COPIED_MS);
  });
}

for (const menu of document.querySelectorAll('details.switcher')) {
  document.addEventListener('click', (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && menu.open) {
      menu.open = false;
      menu.querySelector('summary').focus();
    }
  });
}

document.querySelector('.side nav [aria-current]')
  ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });

/* A figure is read from its own table, latest week first, so that both always say the same. */
for (const figure of document.querySelectorAll('.figure')) {
  const plot = figure.querySelector('.plot');
  const area = plot?.querySelector('.plot-area');
  const table = figure.querySelector('.data table');
  if (!area || !table) continue;
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const weeks = [...table.tBodies[0].rows]
    .map((row) => [...row.cells].map((cell) => cell.textContent))
    .reverse();
  const centred = plot.dataset.plot === 'centres';
  const at = (index) =>
    centred ? (index + 0.5) / weeks.length : index / Math.max(weeks.length - 1, 1);

  const cursor = document.createElementNS('http://www.w3.org/2000/svg', 'line');
  cursor.setAttribute('class', 'cursor');
  cursor.setAttribute('y1', '0');
  cursor.setAttribute('y2', '100%');
  const readout = document.createElement('p');
  readout.className = 'readout';
  readout.setAttribute('aria-live', 'polite');
  const prompt = 'Point at a week, or use the arrow keys.';
  readout.textContent = prompt;
  plot.before(readout);

  let shown = weeks.length - 1;
  const show = (index) => {
    shown = Math.min(Math.max(index, 0), weeks.length - 1);
    const x = `${at(shown) * 100}%`;
    cursor.setAttribute('x1', x);
    cursor.setAttribute('x2', x);
    if (!cursor.isConnected) area.append(cursor);
    const [week, ...figures] = weeks[shown];
    const parts = figures.map((value, column) => `${names[column + 1]} ${value}`);
    readout.textContent = `Week from ${week}: ${parts.join(', ')}`;
  };
  const hide = () => {
    cursor.remove();
    readout.textContent = prompt;
  };

  area.setAttribute('tabindex', '0');
  area.addEventListener('focus', () => show(shown));
  area.addEventListener('blur', hide);
  area.addEventListener('keydown', (event) => {
    const target = {
      ArrowLeft: shown - 1, ArrowRight: shown + 1, Home: 0, End: weeks.length - 1,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    show(target);
  });
  area.addEventListener('pointermove', (event) => {
    const box = area.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    show(centred ? Math.floor(share * weeks.length) : Math.round(share * (weeks.length - 1)));
  });
  area.addEventListener('pointerleave', () => {
    if (document.activeElement !== area) hide();
  });
}
