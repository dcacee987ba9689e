// needs: base/clock.js base/dom.js base/screen_reader.js base/synced_list.js

// Keeps a panel's list and clock up to date, and stops the panel when its kernel ends. Called
// in `initialize`.
function initializePanel({ model }) {
  keepList({ model });
  keepTime({ model });
  const over = { phase: "stopped", counted: "", note: KERNEL_ENDED };
  endWithKernel(model, () => isOpen(model), () => over);
}

// Frames a panel's content in the colour of the phase, with a note below. During the phases
// in `busyIn`, screen readers don't read the content yet. Returns a function that stops the clock
// updates, for `render` to return.
function frame(model, el, content, busyIn = OPEN) {
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
  return writeCounting(model, note, "note");
}
