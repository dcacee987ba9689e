// Keeps a widget hearing its kernel. anywidget 0.11 gives a widget's script two seconds to load; on
// a page that is busy with loading many it may take longer, and then anywidget still draws the
// widget, but drops every message to it from then on.

// Returns the widget, able to hear in any case.
function hearing(widget) {
  const initialize = (context) => {
    keepHearing(context.model);
    return widget.initialize?.(context);
  };
  return { ...widget, initialize };
}

// The model that a script is handed is a view of the whole one, which alone has the way in; a
// change is told with it.
function keepHearing(model) {
  model.on("change:hearing", async (whole) => {
    noticeEnd(model, whole);
    const way = plainWay(whole);
    if (!whole.comm || !way) return;
    const nothing = { content: { data: { method: "nothing" } } };
    const gate = whole._handle_comm_msg(nothing); // fails where anywidget has given up
    whole.comm.on_msg((message) => way.call(whole, message)); // the script is here: no gate needed
    await gate.catch(() => whole.comm.send({ method: "request_state" }, {})); // what was dropped
  });
  model.set("hearing", true);
}

// How a model takes messages where anywidget has not changed it.
function plainWay(whole) {
  let way;
  for (let at = whole; at; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, "_handle_comm_msg")) way = at._handle_comm_msg;
  }
  return way;
}

// What a widget says whose kernel has ended.
const GONE = "The kernel was restarted or has ended, so nothing more arrives. Run the cell again.";
const ENDINGS = ["restarting", "autorestarting", "terminating", "dead"];

// Sets `gone` in the model once its kernel has ended, in whatever way. JupyterLab disconnects widgets
// only when a reader restarts the kernel, so its status is followed, too, where the page has one.
function noticeEnd(model, whole) {
  const kernel = whole.widget_manager?.kernel;
  const end = () => model.set("gone", true);
  const follow = (_, status) => ENDINGS.includes(status) && end();
  whole.on("comm_live_update", () => whole.comm_live || end());
  kernel?.statusChanged?.connect(follow);
  kernel?.disposed?.connect(end);
  whole.once("destroy", () => {
    kernel?.statusChanged?.disconnect(follow);
    kernel?.disposed?.disconnect(end);
  });
}

// When the kernel ends, changes what the model says is running; for `initialize`. `changed` returns the
// attributes to set.
function endWithKernel(model, running, changed) {
  model.on("change:gone", () => running() && model.set(changed()));
}
