// needs: base/panel.js
//
// A row for each field: its name, its value so far, and a label for its state. Everything is set
// as text, never as HTML.

const MARKS = {
  arriving: "still arriving",
  final: "final",
  unfinished: "unfinished",
  missing: "did not arrive",
};

// Draws a value that `tree` in widget.py has converted.
function draw(value) {
  if (typeof value === "string") return make("span", "course-string", value);
  if ("code" in value) return Object.assign(make("span", "course-code", value.code), { dir: "ltr" });
  if ("list" in value) {
    if (!value.list.length) return make("span", "course-code", "[]");
    const list = make("ul");
    for (const part of value.list) list.appendChild(make("li")).append(draw(part));
    return list;
  }
  if (!value.fields.length) return make("span", "course-code", "{}");
  const inner = make("dl");
  for (const [name, part] of value.fields) {
    inner.append(make("dt", "", name));
    inner.appendChild(make("dd")).append(draw(part));
  }
  return inner;
}

function field({ name, state, value }) {
  const row = make("div", "course-field");
  row.dataset.state = state;
  row.setAttribute("role", "row");
  const [heading, cell, mark] = [
    make("div", "course-name", name),
    make("div", "course-value"),
    make("div", "course-mark", MARKS[state] ?? ""),
  ];
  heading.setAttribute("role", "rowheader");
  for (const part of [cell, mark]) part.setAttribute("role", "cell");
  if (value !== undefined) cell.append(draw(value));
  else if (state === "waiting") {
    cell.append(labelled(make("span", "course-skeleton"), "img", "not here yet"));
  }
  row.append(heading, cell, mark);
  return row;
}

// The states that change when the kernel ends, and what they become.
const AT_THE_END = { arriving: "unfinished", waiting: "missing" };

function initializeCard(context) {
  initializePanel(context);
  const { model } = context;
  const end = (field) => ({ ...field, state: AT_THE_END[field.state] ?? field.state });
  const running = () => model.get("items").some(({ state }) => state in AT_THE_END);
  endWithKernel(model, running, () => ({ items: model.get("items").map(end) }));
}

function render({ model, el }) {
  const card = labelled(make("div", "course-card"), "table", model.get("label"));
  const endClock = drawPanel(model, el, card);
  onItems(model, (fields, from) => {
    while (card.children.length > from) card.lastChild.remove();
    card.append(...fields.slice(from).map(field));
  });
  return endClock;
}

export default patched({ initialize: initializeCard, render });
