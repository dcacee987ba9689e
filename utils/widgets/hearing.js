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
