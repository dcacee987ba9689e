// needs: base/clock.js base/dom.js base/screen_reader.js base/synced_list.js
//
// The browser side of panel.py, used by widgets that show one stream, such as live_text: a frame in
// the colour of the phase, with a note below the content. While the panel waits for the first chunk,
// the note shows a running clock. clock.js defines `waiting`, the clock's text, and `OPEN`, the
// phases until the reply ends.

// Keeps a panel's list and clock up to date, and marks the panel as stopped when the kernel ends.
function initializePanel({ model }) {
  receiveItems({ model });
  keepClockStart({ model });
  endWithKernel(model, () => isOpen(model), () => ({ phase: "stopped", note: KERNEL_ENDED }));
}

// Draws a panel around its content. During the phases in `busyIn`, screen readers don't read the
// content yet. Returns a function that stops the clock updates, for `render` to return.
function drawPanel(model, el, content, busyIn = OPEN) {
  el.classList.add("course-pane");
  const note = make("div", "course-note", "");
  el.append(content, note);
  const draw = () => {
    const phase = model.get("phase");
    el.dataset.phase = phase;
    markBusy(content, busyIn.includes(phase));
    announceFailure(note, phase === "failed");
  };
  model.on("change:phase", draw);
  draw();
  return writeClock(model, note, "note", { waiting });
}
