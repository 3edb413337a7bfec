// The table of one object's records: seen, found, edited in place, made, deleted, brought back.
import { ask, at, make, note } from './ask.js';
import { columns, meant, text } from './values.js';

const SHOWN = 200;
let object, shown = [], fields = [], drawn = '', refresh, editing = false, asked = 0;

const path = key => 'records/' + encodeURIComponent(object) + (key === undefined ? '' : '/' + encodeURIComponent(key));

/** Reads the records and draws what changed; what is being typed is left alone. */
export async function show(one) {
  if (editing && one.name === object) return;
  const other = one.name !== object;
  if (other) { at('find').value = ''; object = one.name; }
  const turn = ++asked, query = at('find').value.trim();
  const all = await ask('GET', path() + '?limit=' + SHOWN + '&q=' + encodeURIComponent(query));
  if (turn !== asked || editing) return;
  const total = one.records + one.deleted;
  count(all.length, total, query);
  const now = object + JSON.stringify(all);
  if (now === drawn) return;
  const before = new Map(other ? [] : shown.map(record => [record.key, record]));
  const changed = other || query !== at('find').dataset.shown;
  [drawn, shown, fields] = [now, all, columns(all, other ? [] : fields)];
  at('find').dataset.shown = query;
  draw(changed ? null : before);
}

function count(found, total, query) {
  const all = total.toLocaleString('en');
  at('count').textContent = query ? (found === SHOWN ? 'the first ' + SHOWN + ' found of ' : found + ' found of ') + all : total > SHOWN ? 'the newest ' + SHOWN + ' of ' + all : '';
  at('empty').hidden = found > 0;
  at('empty').textContent = query ? 'Nothing in ' + object + ' holds “' + query + '”.' : 'No ' + object + ' yet. Make one with New record, or let a run bring some.';
}

function draw(before) {
  const focus = document.activeElement?.closest?.('#rows td.cell');
  const mark = focus && { key: focus.parentNode.dataset.key, name: focus.dataset.name };
  const head = make('tr');
  const title = (name, kind) => make('th', { textContent: name, scope: 'col', className: kind === 'number' ? kind : '' });
  head.append(title('key'), ...fields.map(one => title(one.name, one.kind)), title('changed'), title('by'), title(''));
  at('head').replaceChildren(...(shown.length ? [head] : []));
  at('rows').replaceChildren(...shown.map(one => line(one, before)));
  const first = find(mark) ?? at('rows').querySelector('td.cell');
  if (first) { first.tabIndex = 0; if (mark) first.focus(); }
}

const find = mark => mark && [...at('rows').querySelectorAll('td.cell')].find(td => td.dataset.name === mark.name && td.parentNode.dataset.key === mark.key);

function line(one, before) {
  const row = make('tr', { className: one.deleted ? 'gone' : '' }), former = before?.get(one.key);
  row.dataset.key = one.key;
  row.append(make('th', { textContent: one.key, title: one.key, scope: 'row' }));
  for (const column of fields) {
    const value = one.fields[column.name], kind = column.kind === 'object' ? 'json' : column.kind === 'number' ? 'number' : '';
    const td = make('td', { textContent: text(value), title: text(value), className: kind });
    if (before && text(former?.fields[column.name]) !== text(value)) td.classList.add('fresh');
    if (!one.deleted) {
      td.classList.add('cell');
      td.dataset.name = column.name;
      td.tabIndex = -1;
      td.onclick = () => edit(td, one, column);
      td.onkeydown = event => pressed(event, td, one, column);
    }
    row.append(td);
  }
  row.append(make('td', { textContent: one.modified.slice(0, 19).replace('T', ' '), className: before && former?.version !== one.version ? 'fresh' : '' }));
  row.append(make('td', { textContent: one.modified_by }), last(one));
  return row;
}

function last(one) {
  const td = make('td'), button = make('button', { type: 'button', className: 'act small' + (one.deleted ? '' : ' bad'), textContent: one.deleted ? 'Restore' : 'Delete' });
  button.setAttribute('aria-label', button.textContent + ' ' + one.key);
  button.onclick = () => (one.deleted ? restore(path(one.key)) : remove(path(one.key), one.key));
  td.append(button);
  return td;
}

const told = work => work().catch(error => note(error.message, 'bad')).then(refresh);
const restore = where => told(async () => { await ask('POST', where + '/restore'); note('Restored.', 'good'); });
const remove = (where, key) => told(async () => { await ask('DELETE', where); note('Deleted ' + key + '.', 'good', () => restore(where)); });

function pressed(event, td, one, column) {
  if (event.target !== td) return;
  const row = td.parentNode, cells = [...row.querySelectorAll('td.cell')], nth = cells.indexOf(td);
  const beside = line => line && (line.querySelectorAll('td.cell')[nth] ?? null);
  const to = { ArrowLeft: cells[nth - 1], ArrowRight: cells[nth + 1], ArrowUp: beside(row.previousSibling), ArrowDown: beside(row.nextSibling) }[event.key];
  if (to) { td.tabIndex = -1; to.tabIndex = 0; to.focus(); event.preventDefault(); }
  if (event.key === 'Enter' || event.key === 'F2') { edit(td, one, column); event.preventDefault(); }
}

function edit(td, one, column) {
  if (td.classList.contains('editing')) return;
  const former = one.fields[column.name];
  const input = column.kind === 'boolean' ? choice(former) : make('input', { value: text(former), spellcheck: false });
  input.setAttribute('aria-label', column.name + ' of ' + one.key);
  td.replaceChildren(input);
  td.classList.add('editing');
  editing = true;
  input.focus();
  let done = false;
  const leave = async save => {
    if (done) return;
    done = true;
    const typed = input.value;
    td.classList.remove('editing');
    td.textContent = save ? typed : text(former);
    editing = false;
    if (save && typed !== text(former)) {
      try {
        await ask('PATCH', path(one.key), { [column.name]: meant(typed, column) });
        note('Saved ' + column.name + ' of ' + one.key + '.', 'good');
      } catch (error) {
        td.textContent = text(former);
        note(column.name + ' was not saved: ' + error.message, 'bad');
      }
    }
    refresh();
  };
  input.onkeydown = event => {
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    event.stopPropagation();
    event.preventDefault();
    leave(event.key === 'Enter');
    td.focus();
  };
  input.onblur = () => leave(true);
}

function choice(former) {
  const input = make('select');
  input.append(...['', 'true', 'false'].map(value => make('option', { value, textContent: value })));
  input.value = text(former);
  return input;
}

function open() {
  at('form-title').textContent = 'A new record in ' + object;
  at('refused').textContent = '';
  const known = fields.filter(one => one.kind !== 'object').flatMap(one => {
    const input = make('input', { id: 'new-' + one.name, spellcheck: false });
    input.dataset.name = one.name;
    return [make('label', { htmlFor: input.id, textContent: one.name }), input];
  });
  const any = [make('input', { id: 'any-name', placeholder: 'another field', spellcheck: false }), make('input', { id: 'any-value', placeholder: 'its value', spellcheck: false })];
  any.forEach(input => input.setAttribute('aria-label', input.placeholder));
  at('fields').replaceChildren(...known, ...any);
  at('form').showModal();
}

async function create(event) {
  event.preventDefault();
  const typed = [...at('fields').querySelectorAll('[data-name]')].filter(input => input.value !== '').map(input => [input.dataset.name, input.value]);
  if (at('any-name').value) typed.push([at('any-name').value, at('any-value').value]);
  const value = ([name, given]) => [name, meant(given, fields.find(one => one.name === name) ?? { kind: null, empty: null })];
  try {
    const made = await ask('POST', path(), Object.fromEntries(typed.map(value)));
    at('form').close();
    note('Created ' + made.key + '.', 'good');
    await refresh();
  } catch (error) { at('refused').textContent = error.message; }
}

export function start(refreshed) {
  refresh = refreshed;
  let soon;
  at('find').oninput = () => { clearTimeout(soon); soon = setTimeout(refresh, 150); };
  at('new').onclick = open;
  at('cancel').onclick = () => at('form').close();
  at('form').querySelector('form').onsubmit = create;
  addEventListener('keydown', event => {
    if (event.key !== '/' || event.target.closest('input, select, textarea, dialog') || at('records').hidden) return;
    event.preventDefault();
    at('find').focus();
  });
}
