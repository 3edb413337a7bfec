// Small things that all parts of the page need: the control surface, elements, the line of news.
export const at = id => document.getElementById(id);
export const make = (name, with_ = {}) => Object.assign(document.createElement(name), with_);

/** Asks the control surface; what it refuses is thrown in its own words. */
export async function ask(method, path, body) {
  const answer = await fetch(path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  const value = text && JSON.parse(text);
  if (!answer.ok) throw new Error(value?.error ?? 'The sandbox answered ' + answer.status + '.');
  return value;
}

let fading;
/** Says what happened; good news fades, bad news stays until something else is said. */
export function note(text, kind, undo) {
  clearTimeout(fading);
  at('note').textContent = text;
  at('note').className = kind;
  if (undo) {
    const button = make('button', { className: 'act small', type: 'button', textContent: 'Undo' });
    button.onclick = undo;
    at('note').append(button);
  }
  if (kind === 'good') fading = setTimeout(() => { at('note').className = ''; at('note').textContent = ''; }, undo ? 8000 : 3000);
}
