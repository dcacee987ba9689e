// needs: base/anywidget_patch.js
//
// The browser side of synced_list.py: keeps the list up to date and detects which items are new.

// To be called in `initialize`. Applies the kernel's messages, numbered by `seq`, to the list. A
// message replaces the items from index `at` on. If the item at `at` grew, only the text after its
// first `keep` characters is sent. The list is in the model, so a view opened late shows all of it.
function receiveItems({ model }) {
  let requested = false;
  model.on("msg:custom", ({ seq, at, keep, items }) => {
    if (items === undefined) return; // some other kind of message
    const old = model.get("items");
    if (seq === model.get("seq")) return; // a repeat of the list that the page already has
    if (seq === model.get("seq") + 1 || (at === 0 && !keep)) {
      const fresh = keep ? [grown(old[at], keep, items[0]), ...items.slice(1)] : items;
      model.set({ seq, items: [...old.slice(0, at), ...fresh] });
    } else if (seq > model.get("seq") && !requested) {
      requested = true; // a message was lost: request the whole list, once
      model.send("whole list");
    }
  });
  model.on("change:seq", () => (requested = false));
}

// Returns the new item: the first `keep` characters of the old item, plus the added text.
function grown(old, keep, item) {
  if (typeof item === "string") return old.slice(0, keep) + item;
  return { ...item, value: old.value.slice(0, keep) + item.value };
}

// Calls draw(items, from) now and on every change; items before the index `from` are unchanged.
function onItems(model, draw) {
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
