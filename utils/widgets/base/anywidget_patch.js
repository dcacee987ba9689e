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

// A script receives only a proxy for its model, but the message handler is on the model itself.
// Listeners for change events receive the model itself, so this triggers a change.
function receiveAlways(model) {
  model.on("change:patched", async (whole) => {
    noticeEnd(model, whole);
    const handler = originalHandler(whole);
    if (!whole.comm || !handler) return;
    const nothing = { content: { data: { method: "nothing" } } };
    const gate = whole._handle_comm_msg(nothing); // rejects if anywidget has given up on the script
    whole.comm.on_msg((message) => handler.call(whole, message)); // bypasses the gate from now on
    // If anywidget has dropped messages, request the current state.
    await gate.catch(() => whole.comm.send({ method: "request_state" }, {}));
  });
  model.set("patched", true);
}

// Returns the message handler that anywidget overrides: the last one on the prototype chain.
function originalHandler(whole) {
  let handler;
  for (let at = whole; at; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, "_handle_comm_msg")) handler = at._handle_comm_msg;
  }
  return handler;
}

const KERNEL_ENDED =
  "The kernel was restarted or has ended, so nothing more arrives. Run the cell again.";
const ENDINGS = ["restarting", "autorestarting", "terminating", "dead"];

// Sets `gone` on the model once its kernel has ended. JupyterLab disconnects widgets only when a
// reader restarts the kernel, so this also monitors the kernel status, if the page has a kernel.
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

// If the kernel ends while `running()` is true, sets the attributes that `changed` returns. Called
// in `initialize`.
function endWithKernel(model, running, changed) {
  model.on("change:gone", () => running() && model.set(changed()));
}
