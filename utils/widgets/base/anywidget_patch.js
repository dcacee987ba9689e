// needs: nothing
//
// Works around two problems in anywidget 0.11: it doesn't report that the kernel has ended, and it
// stops delivering messages to a widget whose script takes more than two seconds to load.

// Returns the widget, patched to receive messages no matter how late its script loads.
function patched(widget) {
  const initialize = (context) => {
    receiveAlways(context.model);
    return widget.initialize?.(context);
  };
  return { ...widget, initialize };
}

// A script receives only a proxy for its model, but the message handler is on the actual model.
// Listeners for change events receive the actual model, so this function triggers a change.
function receiveAlways(model) {
  model.on("change:patched", async (actual) => {
    noticeEnd(model, actual);
    const handler = originalHandler(actual);
    if (!actual.comm || !handler) return;
    const nothing = { content: { data: { method: "nothing" } } };
    const loaded = actual._handle_comm_msg(nothing); // rejects if loading took over two seconds
    actual.comm.on_msg((message) => handler.call(actual, message)); // replaces anywidget's handler
    // If anywidget has dropped messages, request the current state.
    await loaded.catch(() => actual.comm.send({ method: "request_state" }, {}));
  });
  model.set("patched", true);
}

// Returns the message handler that anywidget overrides: the last one on the prototype chain.
function originalHandler(actual) {
  let handler;
  for (let at = actual; at; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, "_handle_comm_msg")) handler = at._handle_comm_msg;
  }
  return handler;
}

const KERNEL_ENDED =
  "The kernel was restarted or has ended, so nothing more arrives. Run the cell again.";
const ENDINGS = ["restarting", "autorestarting", "terminating", "dead"];

// Sets `gone` on the model once its kernel has ended. JupyterLab disconnects widgets only when a
// reader restarts the kernel, so this also monitors the kernel status, if the page has a kernel.
function noticeEnd(model, actual) {
  const kernel = actual.widget_manager?.kernel;
  const end = () => model.set("gone", true);
  actual.on("comm_live_update", () => actual.comm_live || end());
  kernel?.statusChanged?.connect((_, status) => ENDINGS.includes(status) && end());
  kernel?.disposed?.connect(end);
}

// To be called in `initialize`. If the kernel ends while `running()` is true, sets the attributes
// that `ended()` returns.
function endWithKernel(model, running, ended) {
  model.on("change:gone", () => running() && model.set(ended()));
}
