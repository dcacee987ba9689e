// needs: base/anywidget_patch.js base/dom.js
//
// Clocks that run on the page, so that they need no messages from the kernel. The kernel sets
// `phase`, and `age`: how many seconds the clock had been running when `phase` was sent.

// Formats seconds like `in_seconds` in utils/formatting.py.
const inSeconds = (duration) => `${duration.toFixed(duration < 0.995 ? 2 : 1)} s`;

// To be called in `initialize`. Sets the model's `since` to the page time when the clock started.
function keepClockStart({ model }) {
  const update = () => model.set("since", performance.now() - 1000 * model.get("age"));
  model.on("change:age", update);
  model.on("change:phase", update);
  update();
}

const OPEN = ["waiting", "streaming"]; // phases in which more chunks may arrive
const isOpen = (model) => OPEN.includes(model.get("phase"));

const waiting = (seconds) => `waiting… ${seconds}`;

// Shows the model attribute `name` in an element or, in the phases that are keys of `running`, the
// text that the phase's function returns for the elapsed time. Returns a function that stops the
// updates, for `render` to return.
function writeClock(model, element, name, running) {
  let timer;
  const show = () => {
    const elapsed = Math.max(0, performance.now() - model.get("since")) / 1000;
    const words = running[model.get("phase")];
    write(element, words ? words(`${elapsed.toFixed(1)} s`) : model.get(name));
  };
  const restart = () => {
    clearInterval(timer);
    if (model.get("phase") in running) timer = setInterval(show, 100);
    show();
  };
  model.on("change:phase", restart);
  model.on("change:since", restart);
  model.on(`change:${name}`, show);
  restart();
  return () => clearInterval(timer);
}
