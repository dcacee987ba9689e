// Clocks that count on the page, so that one that runs costs the kernel and the network nothing.
//
// A widget says `counted`, words with {} in place of the seconds, or nothing where its clock stands;
// and `age`, how many seconds it had run when the kernel sent that.

// Keeps in the model when its clock started, by the page's own time; for `initialize`.
function keepTime({ model }) {
  const note = () => model.set("since", performance.now() - 1000 * model.get("age"));
  model.on("change:age", note);
  model.on("change:counted", note);
  note();
}

// Whether a reply is awaited or streams.
const isOpen = (model) => ["waiting", "streaming"].includes(model.get("phase"));

// The same for a panel, which says so when its kernel ends.
function keepPanelTime({ model }) {
  keepTime({ model });
  const over = { phase: "stopped", counted: "", note: GONE };
  endWithKernel(model, () => isOpen(model), () => over);
}

// Writes into an element what the clock counts while it runs, and the model's `name` where it
// stands. Returns what ends that, for `render` to return.
function writeCounting(model, element, name) {
  let beating;
  const show = () => {
    const counted = model.get("counted");
    const elapsed = Math.max(0, performance.now() - model.get("since")) / 1000;
    const words = counted ? counted.replace("{}", `${elapsed.toFixed(1)} s`) : model.get(name);
    if (element.textContent !== words) element.textContent = words;
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
