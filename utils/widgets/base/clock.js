// needs: base/anywidget_patch.js base/dom.js
//
// Clocks that count on the page, so that a running clock costs the kernel and the network nothing.
// The kernel sets `counted`, words with {} in place of the seconds (empty while the clock stands),
// and `age`, the seconds it had run when that was sent.

// As `in_seconds` of utils/formatting.py.
const inSeconds = (duration) => `${duration.toFixed(duration < 0.995 ? 2 : 1)} s`;

// Keeps in the model when its clock started, by the page's own time; for `initialize`.
function keepTime({ model }) {
  const note = () => model.set("since", performance.now() - 1000 * model.get("age"));
  model.on("change:age", note);
  model.on("change:counted", note);
  note();
}

const OPEN = ["waiting", "streaming"]; // phases in which more may arrive
const isOpen = (model) => OPEN.includes(model.get("phase"));

// Writes into an element what the clock counts while it runs, and the model's `name` while it
// stands. Returns what stops it, for `render` to return.
function writeCounting(model, element, name) {
  let beating;
  const show = () => {
    const counted = model.get("counted");
    const elapsed = Math.max(0, performance.now() - model.get("since")) / 1000;
    write(element, counted ? counted.replace("{}", `${elapsed.toFixed(1)} s`) : model.get(name));
  };
  const follow = () => {
    clearInterval(beating);
    if (model.get("counted")) beating = setInterval(show, 100);
    show();
  };
  model.on("change:counted", follow);
  model.on("change:since", follow);
  model.on(`change:${name}`, show);
  follow();
  return () => clearInterval(beating);
}
