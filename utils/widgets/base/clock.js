// needs: base/anywidget_patch.js base/dom.js
//
// Clocks that run on the page, so that they need no messages from the kernel. The kernel sets
// `counted` (the text to show, with {} in place of the seconds) and `age` (how many seconds the
// clock had been running when `counted` was sent). While the clock is stopped, `counted` is empty.

// Formats seconds like `in_seconds` in utils/formatting.py.
const inSeconds = (duration) => `${duration.toFixed(duration < 0.995 ? 2 : 1)} s`;

// To be called in `initialize`. Sets the model's `since` to the page time when the clock started.
function keepClockStart({ model }) {
  const update = () => model.set("since", performance.now() - 1000 * model.get("age"));
  model.on("change:age", update);
  model.on("change:counted", update);
  update();
}

const OPEN = ["waiting", "streaming"]; // phases in which more chunks may arrive
const isOpen = (model) => OPEN.includes(model.get("phase"));

// Shows the running clock in an element or, while the clock is stopped, the model attribute `name`.
// Returns a function that stops the updates, for `render` to return.
function writeClock(model, element, name) {
  let timer;
  const show = () => {
    const counted = model.get("counted");
    const elapsed = Math.max(0, performance.now() - model.get("since")) / 1000;
    write(element, counted ? counted.replace("{}", `${elapsed.toFixed(1)} s`) : model.get(name));
  };
  const restart = () => {
    clearInterval(timer);
    if (model.get("counted")) timer = setInterval(show, 100);
    show();
  };
  model.on("change:counted", restart);
  model.on("change:since", restart);
  model.on(`change:${name}`, show);
  restart();
  return () => clearInterval(timer);
}
