// What all sheets share: keeping the list up to date, and noticing what of it is new.

// Each message replaces the list from one place on; of an item that only grew, it holds the growth.
// What has arrived is kept in the model, so that every view of it, early or late, shows everything.
function initialize({ model }) {
  let asked = false;
  model.on("msg:custom", ({ seq, at, keep, items }) => {
    if (items === undefined) return; // a message of another kind
    const there = model.get("items");
    if (seq === model.get("seq")) return; // sent again, and nothing was lost
    if (seq === model.get("seq") + 1 || (at === 0 && !keep)) {
      const fresh = keep ? [grown(there[at], keep, items[0]), ...items.slice(1)] : items;
      model.set({ seq, items: [...there.slice(0, at), ...fresh] });
    } else if (seq > model.get("seq") && !asked) {
      asked = true; // a message was lost on the way: ask for the whole list, once
      model.send("whole list");
    }
  });
  model.on("change:seq", () => (asked = false));
}

// An item of which the page has `keep` characters, and is sent the rest.
function grown(there, keep, item) {
  if (typeof item === "string") return there.slice(0, keep) + item;
  return { ...item, value: there.value.slice(0, keep) + item.value };
}

// The same for a sheet that stands in a lane, and is framed: its clock is kept, too.
function initializeFramed(context) {
  keepPanelTime(context);
  initialize(context);
}

// Calls draw(items, from) now and at every change: all items before `from` are as they were.
function follow(model, draw) {
  let drawn = [];
  const update = () => {
    const items = model.get("items");
    let same = 0;
    while (same < drawn.length && same < items.length && drawn[same] === items[same]) same += 1;
    const before = drawn.length;
    drawn = items;
    if (same < before || same < items.length || before === 0) draw(items, same);
  };
  model.on("change:items", update);
  update();
}

// Shows what is going on: as a colour by `data-phase`, in words by a note at the foot. Returns what
// ends its clock, for `render` to return.
function frame(model, el, ...parts) {
  el.classList.add("course-pane");
  const note = makeWriting("div", "course-note");
  el.append(...parts, note);
  const draw = () => {
    const phase = model.get("phase");
    el.dataset.phase = phase;
    el.setAttribute("aria-busy", String(phase === "waiting" || phase === "streaming"));
    note.setAttribute("role", phase === "failed" ? "alert" : "note");
  };
  model.on("change:phase", draw);
  draw();
  return writeCounting(model, note, "note");
}

// A box that scrolls by itself to what is new, unless its reader has scrolled up.
function keepsUp(box, draw) {
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  draw();
  if (atEnd) box.scrollTop = box.scrollHeight;
}

// Fills an element with HTML that the kernel made safe. Each paragraph, item and cell runs in its own
// direction, and code from left to right. What is wider than its box, a keyboard can scroll.
function fillWith(element, html) {
  element.innerHTML = html;
  for (const part of element.querySelectorAll("p, li, h1, h2, h3, h4, h5, h6, th, td")) {
    part.dir = "auto";
  }
  for (const code of element.querySelectorAll("pre, code")) code.dir = "ltr";
  for (const code of element.querySelectorAll("pre")) code.tabIndex = 0;
}
